using System.Diagnostics;

namespace Leaps.Host.Tests.Report;

/// <summary>
/// Opens a page from disk in headless Chromium and gives back the document as it is after its scripts.
/// </summary>
internal static class Chromium
{
    private static readonly string[] Places =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    /// <summary>The document after the scripts ran; the test is skipped where there is no Chromium.</summary>
    public static async Task<string> DocumentAsync(string page, CancellationToken cancel)
    {
        string? browser =
            Environment.GetEnvironmentVariable("LEAPS_CHROMIUM") ?? Places.FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "Chromium is not installed (LEAPS_CHROMIUM names another place).");
        string profile = Directory.CreateTempSubdirectory("leaps-chromium-").FullName;
        try
        {
            string[] arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", $"--user-data-dir={profile}", "--virtual-time-budget=10000",
                "--dump-dom", new Uri(page).AbsoluteUri,
            ];
            return await OutputAsync(browser!, arguments, cancel);
        }
        finally
        {
            Directory.Delete(profile, recursive: true);
        }
    }

    private static async Task<string> OutputAsync(
        string program, string[] arguments, CancellationToken cancel)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
            string output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await errors}");
            return output;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
