using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Leaps.Chaos.Tests;

/// <summary>
/// What a run gives when one process does it and nobody disturbs it: a text for each of its files that must
/// be the same. Made once for each run.
/// </summary>
/// <param name="folder">for its run directories</param>
internal sealed class Truth(string folder)
{
    public static readonly string[] Files = ["samples.npz", "windows.csv", "result.json"];
    public const string Model = "model.safetensors";

    // What of result.json tells of the machine and the hour.
    private static readonly string[] Circumstances =
    [
        "seconds", "walkerStepsPerSecond", "updatesPerSecond", "threads", "created", "command", "output",
        "model",
    ];

    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> _made = new();

    public IReadOnlyDictionary<string, string> Of(RunShape shape) =>
        _made.GetOrAdd(shape.Configuration, Make);

    /// <summary>What of a file must be the same: its hash, or its text where it tells of the
    /// machine.</summary>
    public static string Fingerprint(string name, byte[] content)
    {
        if (name != "result.json")
            return Convert.ToHexString(SHA256.HashData(content));
        var result = JsonNode.Parse(Encoding.UTF8.GetString(content))!.AsObject();
        foreach (string key in Circumstances)
        {
            result.Remove(key);
            (result["training"] as JsonObject)?.Remove(key);
        }
        return result.ToJsonString();
    }

    private Dictionary<string, string> Make(string configuration)
    {
        string place = Path.Combine(folder, $"truth-{Guid.NewGuid():N}");
        Directory.CreateDirectory(place);
        string file = Path.Combine(place, "run.yaml"), output = Path.Combine(place, "run");
        File.WriteAllText(file, configuration);
        var start = new ProcessStartInfo("dotnet", [NodeProcess.Program, "run", file, "--output", output,
            "--threads", "1"])
        { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"the undisturbed run failed: {error.GetAwaiter().GetResult()}");
        var names = Files.Append(Model).Where(name => File.Exists(Path.Combine(output, name)));
        var made = names.ToDictionary(
            name => name, name => Fingerprint(name, File.ReadAllBytes(Path.Combine(output, name))));
        Directory.Delete(place, recursive: true);
        return made;
    }
}
