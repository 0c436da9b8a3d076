using System.Text.RegularExpressions;

namespace Leaps.Model.Tests;

/// <summary>The habits of the code that a program can check, over every C# file of the repository.</summary>
public sealed partial class StyleTests
{
    private const int LongestFile = 400;
    private const int LongestLine = 110;

    private static readonly string Root = FindRoot();
    private static readonly (string Path, SourceText Source)[] Files = ReadFiles();

    // In comments too. Written apart, so that this file doesn't find itself.
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME"];

    private static readonly (string Pattern, string Reason)[] Forbidden =
    [
        (@"\bRandom\.Shared\b", "Random.Shared: numbers come from a RandomStream"),
        (@"\bDateTime\.(Utc)?Now\b", "the clock: take a TimeProvider"),
        (@"^\s*#\s*(end)?region\b", "#region"),
        (@"\bNotImplementedException\b", "NotImplementedException"),
        (@"\b(class|struct|record|interface|enum)\s+\w*(Utils|Helpers?|Manager)\b", "a name without meaning"),
        (@"(?<!@)\bA\b", "the identifier A: log-weights or ancestors? Say which"),
    ];

    [Fact]
    public void The_source_tree_is_found()
    {
        Assert.Contains(Files, file => file.Path == "src/Leaps.Model/LeapsException.cs");
        Assert.Contains(Files, file => file.Path == "tests/Leaps.Model.Tests/StyleTests.cs");
        Assert.Contains(Files, file => file.Path.StartsWith("benchmarks/", StringComparison.Ordinal));
    }

    [Fact]
    public void No_file_is_longer_than_400_lines_and_no_line_than_110_columns()
    {
        var violations = new List<string>();
        foreach (var (path, source) in Files)
        {
            int lines = source.Lines.Length - (source.Lines[^1].Length == 0 ? 1 : 0);
            if (lines > LongestFile)
                violations.Add($"{path}:{lines}: longer than {LongestFile} lines");
            for (int n = 0; n < lines; n++)
            {
                int columns = source.Lines[n].EnumerateRunes().Count();
                if (columns > LongestLine)
                    violations.Add($"{path}:{n + 1}: {columns} columns");
            }
        }
        AssertNone(violations);
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        var violations = new List<string>();
        foreach (var (path, source) in Files)
        {
            // The first folder is src, tests or benchmarks, the second the project's root namespace.
            string expected = $"namespace {string.Join('.', path.Split('/')[1..^1])};";
            int line = Array.FindIndex(source.CodeLines, code => NamespaceStart().IsMatch(code));
            if (line < 0 && source.CodeLines.Any(code => TypeDeclaration().IsMatch(code)))
                violations.Add($"{path}:1: types without a namespace; expected {expected}");
            else if (line >= 0 && source.CodeLines[line].TrimEnd() != expected)
                violations.Add($"{path}:{line + 1}: {source.CodeLines[line].TrimEnd()}; expected {expected}");
        }
        AssertNone(violations);
    }

    [Fact]
    public void Forbidden_constructs_do_not_occur()
    {
        var rules = Forbidden.Select(rule => (new Regex(rule.Pattern), rule.Reason)).ToArray();
        var violations = new List<string>();
        foreach (var (path, source) in Files)
        {
            for (int n = 0; n < source.Lines.Length; n++)
            {
                foreach (var (pattern, reason) in rules)
                {
                    if (pattern.IsMatch(source.CodeLines[n]))
                        violations.Add($"{path}:{n + 1}: {reason}");
                }
                foreach (string word in Unfinished)
                {
                    if (source.Lines[n].Contains(word, StringComparison.Ordinal))
                        violations.Add($"{path}:{n + 1}: {word}");
                }
            }
        }
        AssertNone(violations);
    }

    [Fact]
    public void The_model_knows_nothing_above_it()
    {
        var violations = new List<string>();
        foreach (var (path, source) in Files)
        {
            if (!path.StartsWith("src/Leaps.Model/", StringComparison.Ordinal)) continue;
            for (int n = 0; n < source.CodeLines.Length; n++)
            {
                if (AboveTheModel().IsMatch(source.CodeLines[n]))
                    violations.Add($"{path}:{n + 1}: {source.CodeLines[n].Trim()}");
            }
        }
        AssertNone(violations);
    }

    [Theory]
    [InlineData("int A = 1; // A", "int A = 1;")]
    [InlineData("x = \"A\" + 'A';", "x =     +    ;")]
    [InlineData("x = $\"A {A} {{A}} {f(\"A\")}\";", "x =      A         f(   )  ;")]
    [InlineData("x = @\"\\\"; A", "x =     ; A")]
    [InlineData("/* A\nA */ A", "\n     A")]
    [InlineData("x = \"\"\"A \"A\" \"\"\"; A", "x =             ; A")]
    [InlineData("if (c == '\"') A();", "if (c ==    ) A();")]
    public void Comments_and_literals_are_told_from_code(string text, string code) =>
        Assert.Equal(code, string.Join('\n', SourceText.Of(text).CodeLines.Select(line => line.TrimEnd())));

    [GeneratedRegex(@"^\s*namespace\b")]
    private static partial Regex NamespaceStart();

    [GeneratedRegex(@"^\s*((public|internal|sealed|static|abstract|partial|readonly|file)\s+)*"
        + @"(class|struct|record|interface|enum)\s+\w")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\bLeaps\.(Host|Actors)\b")]
    private static partial Regex AboveTheModel();

    private static void AssertNone(List<string> violations) =>
        Assert.True(violations.Count == 0,
            $"{violations.Count} violations:\n{string.Join('\n', violations)}");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Leaps.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException($"No Leaps.sln above {AppContext.BaseDirectory}.");
    }

    private static (string Path, SourceText Source)[] ReadFiles() =>
    [
        .. new[] { "src", "tests", "benchmarks" }
            .SelectMany(top => Directory.EnumerateFiles(
                Path.Combine(Root, top), "*.cs", SearchOption.AllDirectories))
            .Select(file => (Full: file, Path: Path.GetRelativePath(Root, file).Replace('\\', '/')))
            .Where(file => !IsGenerated(file.Path))
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => (file.Path, SourceText.Of(File.ReadAllText(file.Full)))),
    ];

    private static bool IsGenerated(string path) =>
        path.EndsWith(".g.cs", StringComparison.Ordinal)
        || path.Split('/').Any(part => part is "obj" or "bin");
}
