using System.Globalization;

namespace Leaps.Simulation.Tests.Scale;

/// <summary>What a run costs by the number of its groups, as a table in Markdown.</summary>
internal static class ScaleTable
{
    private static readonly int[] Groups = [1, 10, 100, 1000, 10_000];

    public static int Print(TextWriter output)
    {
        new ScaleRun(100).Run(); // compiles what the measured runs use
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{ScaleRun.Windows} windows of {ScaleRun.WindowTime / 1_000_000} ms, by device ")
            + string.Create(CultureInfo.InvariantCulture,
            $"±{ScaleRun.SpeedSpread:P0}; latency {ScaleRun.Latency / 1000} µs, ")
            + string.Create(CultureInfo.InvariantCulture,
            $"sync {ScaleRun.SyncTime / 1000} µs; one group a device."));
        output.WriteLine();
        output.WriteLine("| groups | resamplings | messages a window | kB a window | coordinator, µs "
            + "a window "
            + "| with codec, µs | summaries/s | rewound | waiting | of it for the slowest device |");
        output.WriteLine("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (int groups in Groups)
            output.WriteLine(Row(groups, new ScaleRun(groups).Run()));
        return 0;
    }

    private static string Row(int groups, ScaleRun run)
    {
        const double windows = ScaleRun.Windows;
        var culture = CultureInfo.InvariantCulture;
        return string.Create(culture, $"| {groups:N0} | {run.Resamplings} | {run.Messages / windows:N0} | ")
            + string.Create(culture, $"{run.Bytes / windows / 1000:N1} | ")
            + string.Create(culture, $"{run.Work.TotalMicroseconds / windows:N0} | ")
            + string.Create(culture, $"{run.WorkWithCodec.TotalMicroseconds / windows:N0} | ")
            + string.Create(culture, $"{run.Summaries / run.WorkWithCodec.TotalSeconds:N0} | ")
            + string.Create(culture, $"{run.Rewound:P1} | {run.Idle:P1} | {run.Imbalance:P1} |");
    }
}
