using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Leaps.Host.Tests.Report;

/// <summary>The front end's own tests and its lock file.</summary>
public sealed class FrontEndTests
{
    [Fact]
    public async Task The_tests_of_the_page_pass_under_node()
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo("node", ["--test"])
        {
            WorkingDirectory = Web(),
            RedirectStandardOutput = true,
        };
        using Process node = Process.Start(start)!;
        string output = await node.StandardOutput.ReadToEndAsync(cancel);
        await node.WaitForExitAsync(cancel);
        Assert.True(node.ExitCode == 0, output);
        Assert.Matches("# pass [1-9]", output);
    }

    [Fact]
    public void The_lock_file_names_no_registry()
    {
        string text = File.ReadAllText(Path.Combine(Web(), "package-lock.json"));
        Assert.DoesNotContain("://", text);
        Assert.Matches("\"integrity\": \"sha512-", text);
        string package = File.ReadAllText(Path.Combine(Web(), "package.json"));
        Assert.All(
            Regex.Matches(package, "\"(esbuild|uplot)\": \"(.*?)\""),
            match => Assert.Matches(@"^\d+\.\d+\.\d+$", match.Groups[2].Value));
    }

    private static string Web()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null;
            folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Leaps.sln")))
                return Path.Combine(folder.FullName, "src", "Leaps.Host", "Report", "web");
        }
        Assert.Skip("The tests do not run from a checkout of the project.");
        return "";
    }
}
