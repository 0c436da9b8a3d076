using System.Text.Json;
using Leaps.Host.Configuration;
using Leaps.Host.Report;
using Leaps.Host.Terminal;
using Leaps.Model;
using Leaps.Model.Sampling;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>
/// The files of a run directory → report.html: config.yaml, metrics.csv (where it trained), windows.csv,
/// samples.npz and result.json. Nothing else enters, so the report can be made anew at any time.
/// </summary>
internal static class ReportBuilder
{
    /// <summary>Writes report.html and gives the result that it shows.</summary>
    /// <exception cref="LeapsException">
    /// A file is absent or damaged, or the report can't be written.
    /// </exception>
    public static SamplingResult Write(RunDirectory directory, RunConfiguration configuration)
    {
        var result = ReadResult(directory);
        ReportWriter.Write(Build(directory, configuration, result), directory.PathOf(RunDirectory.Report));
        return result;
    }

    private static ReportData Build(
        RunDirectory directory, RunConfiguration configuration, SamplingResult result)
    {
        var target = configuration.Target.CreateTarget();
        var walkers = SamplesFile.Read(directory.PathOf(RunDirectory.Samples), target);
        return new ReportData
        {
            Title = TargetDescription.Title(target),
            Subtitle = $"{TargetDescription.Subtitle(target)}, {result.Network}",
            Created = result.Created,
            Version = result.Version,
            CommandLine = result.Command,
            DeviceKind = result.DeviceKind,
            Threads = result.Threads,
            TrainingSeconds = result.Training?.Seconds,
            SamplingSeconds = result.Seconds,
            Headline = new Headline(result.LogZ, result.LogZStdErr, result.LogZExact, result.RelativeEss),
            Estimates = [.. ResultRows.Of(result)],
            Windows = WindowsFile.Read(directory, result.ResamplingThreshold),
            Training = result.Training is null
                ? null
                : MetricsFile.Read(directory, result.Training.BestUpdate),
            MagnetisationHistogram = result.MagnetisationHistogram,
            Correlation = result.Correlation,
            Lattices = Lattices(target, walkers),
            Population = new PopulationSummary
            {
                Walkers = walkers.Count,
                Replicas = result.Replicas,
                Windows = result.Windows,
                Integrator = Choice.NameOf(result.Integrator),
                EvaluationsPerWalker = result.EvaluationsPerWalker,
                JumpsPerWalker = result.JumpsPerWalker,
                WalkerStepsPerSecond = result.WalkerStepsPerSecond,
                Resamplings = result.Resamplings,
                Families = result.SurvivingFamilies,
                FamilyStatistic = result.FamilyStatistic,
            },
            Configuration = File.ReadAllText(directory.PathOf(RunDirectory.Configuration)),
            Warnings = result.Warnings,
        };
    }

    // Walkers evenly spaced over the population, so that every replica is among them.
    private static LatticeSamples Lattices(Target target, Walkers walkers)
    {
        int count = Math.Min(LatticeSamples.MaximumSamples, walkers.Count);
        int[] shown = [.. Enumerable.Range(0, count).Select(k => (int)((long)k * walkers.Count / count))];
        double[] weights = LogWeights.Normalised(walkers.LogWeights);
        return new LatticeSamples
        {
            Rows = target.Lattice.Rows,
            Columns = target.Lattice.Columns,
            States = target.States,
            Samples = [.. shown.Select(m => walkers.State(m).ToArray())],
            Weights = [.. shown.Select(m => weights[m])],
            StateLabels = target is IsingTarget ? ["spin −1", "spin +1"] : null,
        };
    }

    /// <summary>result.json.</summary>
    /// <exception cref="LeapsException">It is absent or damaged.</exception>
    public static SamplingResult ReadResult(RunDirectory directory)
    {
        string path = directory.PathOf(RunDirectory.Result);
        if (!directory.Contains(RunDirectory.Result))
            throw new LeapsException(
                $"{directory.Path}: there is no {RunDirectory.Result} in it: the run did not get as far as "
                + "sampling, so there is nothing to report");
        try
        {
            return JsonOutput.Read<SamplingResult>(File.ReadAllText(path));
        }
        catch (JsonException error)
        {
            throw new LeapsException(
                $"{path}, line {error.LineNumber + 1 ?? 1}: this is not the result of a run", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LeapsException($"{path} can't be read: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
