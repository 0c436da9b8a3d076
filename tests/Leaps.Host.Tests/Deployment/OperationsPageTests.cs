using System.Text.RegularExpressions;

namespace Leaps.Host.Tests.Deployment;

/// <summary>The operations page quotes lines that the program does write, and links that lead
/// somewhere.</summary>
public sealed partial class OperationsPageTests
{
    private const int ShortestQuote = 10;

    public static TheoryData<string> Pages =>
        ["docs/operations.md", "SECURITY.md", "cluster-config/README.md",
            "cluster-config/kubernetes/README.md"];

    [Fact]
    public void Every_line_that_it_explains_is_one_of_the_program()
    {
        string sources = Sources();
        string page = Repository.Read("docs/operations.md");
        string table = page[page.IndexOf("## Lines", StringComparison.Ordinal)..page.IndexOf("## Sizing",
            StringComparison.Ordinal)];
        var quotes = table.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .SelectMany(line => Quoted().Matches(line.Split(" | ")[0]))
            .SelectMany(quote => quote.Groups[1].Value.Split('…'))
            .Select(part => part.Trim())
            .Where(part => part.Length >= ShortestQuote).ToList();
        Assert.True(quotes.Count > 35, $"only {quotes.Count} quotes are found");
        Assert.All(quotes, quote => Assert.True(sources.Contains(quote, StringComparison.Ordinal), quote));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_link_leads_to_a_file(string page)
    {
        string folder = Path.GetDirectoryName(Repository.PathOf(page))!;
        Assert.All(Link().Matches(Repository.Read(page)).Where(link => !link.Groups[1].Value.Contains("://")),
            link => Assert.True(Path.Exists(Path.Combine(folder, link.Groups[1].Value)), link.Value));
    }

    // Strings that are cut in two become one.
    private static string Sources()
    {
        var files = Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal));
        string text = string.Join('\n', files.Select(File.ReadAllText));
        return Cut().Replace(text, "");
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\]\(([^)#]+)")]
    private static partial Regex Link();

    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"")]
    private static partial Regex Cut();
}
