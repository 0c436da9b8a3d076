using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Leaps.GpuBenchmarks;

/// <summary>The table of docs/benchmarks.md, made of a file of figures.</summary>
internal static class GpuTable
{
    private const double Mebibyte = 1 << 20;

    // The most that a resampling moves of a walker of L = 15 on average, and a network of 10 Gbit/s.
    private const double MovedBytes = 40, BytesPerSecond = 1.25e9;

    /// <param name="figures">what <see cref="GpuFigures.Write"/> wrote</param>
    /// <returns>Markdown</returns>
    public static string Of(JsonNode figures)
    {
        var table = new StringBuilder();
        void Line(string text) => table.Append(text).Append('\n');
        void Row(string name, string path, string format, string wanted = "", double unit = 1) =>
            Line($"| {name} | {Cell(figures["ising"], path, format, unit)} | "
                + $"{Cell(figures["potts"], path, format, unit)} | {wanted} |");

        Line($"{figures["device"]}, CUDA {figures["driverCuda"]}, {figures["date"]}; medians of "
            + $"{figures["rounds"]} rounds:");
        if (figures["quick"] is { } quick)
            Line($"**{quick}**");
        Line("");
        Line("| | Ising | Potts q = 3 | to reach |");
        Line("|---|---|---|---|");
        foreach (string precision in new[] { "tf32", "single" })
        {
            bool counts = precision == "tf32";
            foreach (var (walkers, _) in figures["ising"]![precision]!["evaluationsPerSecond"]!.AsObject())
                Row($"evaluations a second of {walkers} walkers, {precision}",
                    $"{precision}.evaluationsPerSecond.{walkers}", "N0", counts ? "500,000; 250,000" : "");
            Row($"update of 400 pairs, {precision}, ms", $"{precision}.trainingUpdateMilliseconds", "G3",
                counts ? "3" : "");
            Row($"largest error of outputs, {precision}", $"{precision}.largestErrorOfOutputs", "G2");
        }
        Row("evaluations a second: ceiling of the special-function units", "ceilings.silu", "N0");
        Row("evaluations a second: ceiling of the tensor cores", "ceilings.multiplyAdd", "N0");
        Row("400,000 updates, minutes", "tf32.minutesFor400000Updates", "F1", "30");
        Row("GPU memory in use while training, MiB", "tf32.memoryInUseWhileTraining", "N0", "2,048",
            Mebibyte);
        Row("walker-steps a second, Euler", "eulerWalkerStepsPerSecond", "N0");
        Row("… of the PyTorch reference", "pytorchReference.walkerStepsPerSecond", "N0");
        Row("… ratio", "eulerRatioToReference", "F1", "50");
        Row("evaluations a second in windows of the exact integrator", "exactEvaluationsPerSecond", "N0");
        Row("heat-bath updates of a site a nanosecond", "heatBathUpdatesPerNanosecond", "G3");
        Line("");
        var large = figures["largePopulation"]!;
        Line(FormattableString.Invariant($"{Figure(large, "walkers"):N0} walkers, ")
            + FormattableString.Invariant($"{Figure(large, "windows"):N0} windows of Euler's step and a ")
            + FormattableString.Invariant($"sweep: {Figure(large, "secondsPerWindow"):G3} s a window, with ")
            + "the way to the GPU and back. On paper, several such GPUs on 10 Gbit/s each, resampled after "
            + FormattableString.Invariant($"every window, are {100 * Efficiency(large):F1} % of as many."));
        if (figures["computeSanitizer"] is JsonObject tools)
            Line("compute-sanitizer: "
                + $"{string.Join(", ", tools.Select(tool => $"{tool.Key} {tool.Value}"))}.");
        return table.ToString();
    }

    private static string Cell(JsonNode? figures, string path, string format, double unit)
    {
        foreach (string name in path.Split('.'))
            figures = figures?[name];
        return figures is null ? "–"
            : (figures.GetValue<double>() / unit).ToString(format, CultureInfo.InvariantCulture);
    }

    // Walkers leave and arrive at once; nothing else grows with the number of GPUs.
    private static double Efficiency(JsonNode large)
    {
        double window = Figure(large, "secondsPerWindow");
        return window / (window + Figure(large, "walkers") * MovedBytes / BytesPerSecond);
    }

    private static double Figure(JsonNode figures, string name) => figures[name]!.GetValue<double>();
}
