using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Leaps.Model.Devices.Cuda;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>The kernels' sources, their PTX and their arguments belong together.</summary>
public sealed partial class KernelSourceTests
{
    private const int LongestLine = 120, LongestFile = 330;

    [Fact]
    public void The_embedded_PTX_is_what_clang_makes_of_the_sources()
    {
        string folder = Directory.CreateTempSubdirectory("leaps-ptx").FullName;
        var (code, text) = Sources.Run(Path.Combine(Sources.Kernels, "compile"), folder);
        Assert.SkipWhen(text.Contains("not found", StringComparison.Ordinal),
            "there is no clang-16 to compile the kernels");
        Assert.True(code == 0, text);
        string[] names =
            [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order()];
        string ptx = Path.Combine(Sources.Kernels, "Ptx");
        Assert.Equal(Directory.EnumerateFiles(ptx).Select(file => Path.GetFileName(file)!).Order(), names);
        foreach (string name in names)
        {
            Assert.True(
                File.ReadAllText(Path.Combine(ptx, name)) == File.ReadAllText(Path.Combine(folder, name)),
                $"{name} is not what the sources give: run src/Leaps.Model/Devices/Cuda/compile");
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Arguments_have_the_same_size_on_both_sides()
    {
        var sizes = new Dictionary<string, int>
        {
            ["ForwardArguments"] = Unsafe.SizeOf<ForwardArguments>(),
            ["BackwardArguments"] = Unsafe.SizeOf<BackwardArguments>(),
            ["WeightArguments"] = Unsafe.SizeOf<WeightArguments>(),
            ["PackArguments"] = Unsafe.SizeOf<PackArguments>(),
            ["SumArguments"] = Unsafe.SizeOf<SumArguments>(),
            ["MlpArguments"] = Unsafe.SizeOf<MlpArguments>(),
            ["ResidualArguments"] = Unsafe.SizeOf<ResidualArguments>(),
            ["RunSumArguments"] = Unsafe.SizeOf<RunSumArguments>(),
            ["JumpArguments"] = Unsafe.SizeOf<JumpArguments>(),
            ["SweepArguments"] = Unsafe.SizeOf<SweepArguments>(),
            ["GroupArguments"] = Unsafe.SizeOf<GroupArguments>(),
            ["GatherArguments"] = Unsafe.SizeOf<GatherArguments>(),
            ["AdamArguments"] = Unsafe.SizeOf<AdamArguments>(),
            ["NormArguments"] = Unsafe.SizeOf<NormArguments>(),
        };
        var kernels = Directory.EnumerateFiles(Sources.Kernels, "*.cu")
            .SelectMany(file => Kernel().Matches(File.ReadAllText(file)))
            .Select(match => (Name: match.Groups[1].Value.Replace("##NT", "3", StringComparison.Ordinal),
                Arguments: match.Groups[2].Value))
            .ToArray();
        Assert.True(kernels.Length > 40, $"only {kernels.Length} kernels were found");
        foreach (var (name, arguments) in kernels)
            Assert.True(EmulatedDriver.ArgumentBytes(name) == sizes[arguments], $"{name}: {arguments}");
    }

    [Fact]
    public void The_kernels_keep_to_the_habits_of_the_code()
    {
        foreach (string file in Directory.EnumerateFiles(Sources.Kernels, "*.cu*"))
        {
            string[] lines = File.ReadAllLines(file);
            Assert.True(lines.Length <= LongestFile, $"{file}: {lines.Length} lines");
            Assert.StartsWith("// ", lines[0], StringComparison.Ordinal);
            for (int n = 0; n < lines.Length; n++)
                Assert.True(lines[n].EnumerateRunes().Count() <= LongestLine, $"{file}:{n + 1} is too long");
            if (!file.EndsWith(".cu", StringComparison.Ordinal)) continue;
            string text = string.Join('\n', lines);
            foreach (string part in new[] { "Must equal", "Launch:" })
                Assert.True(text.Contains(part, StringComparison.Ordinal), $"{file} doesn't say '{part}'");
        }
    }

    [GeneratedRegex(@"^(?:\s*)KERNEL\((\w+(?:##NT)?), (\w+), \d+\)", RegexOptions.Multiline)]
    private static partial Regex Kernel();
}
