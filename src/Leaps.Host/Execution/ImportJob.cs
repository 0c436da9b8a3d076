using System.Globalization;
using Leaps.Host.Commands;
using Leaps.Model;
using Leaps.Model.Storage;
using Leaps.Model.Storage.Import;

namespace Leaps.Host.Execution;

/// <summary>What `leaps import --json` prints.</summary>
/// <param name="Model">the file written</param>
/// <param name="Target">in words</param>
/// <param name="Lattice">[rows, columns]</param>
/// <param name="States">q; 2 for Ising</param>
/// <param name="Parameters">scalars of both networks</param>
/// <param name="Updates">that the reference did</param>
public sealed record ImportResult(
    string Model, string Target, int[] Lattice, int States, int Parameters, long Updates);

/// <summary>leaps import: a checkpoint of the reference becomes a model file that names its target.</summary>
internal static class ImportJob
{
    public static JobResult Run(ImportRequest request, JobContext context)
    {
        var checkpoint = ReferenceCheckpoint.Import(request.Checkpoint);
        if (request.Reference is { } given)
            CheckAgainst(checkpoint, request.Checkpoint, ReferenceConfig.Parse(given!));
        foreach (string note in checkpoint.Config.Notes)
            context.Notice($"{request.Checkpoint}: {note}");
        context.Cancellation.ThrowIfCancellationRequested();
        var (model, target) = (checkpoint.Model, checkpoint.Target);
        var notes = new Dictionary<string, string>
        {
            ["training.updates"] = checkpoint.Updates.ToString(CultureInfo.InvariantCulture),
            ["imported.from"] = Path.GetFileName(request.Checkpoint),
        };
        ModelFile.Save(request.Output, model, target, notes, refuseExisting: true);
        string title = TargetDescription.Title(target);
        var result = new ImportResult(request.Output, target.Name,
            [target.Lattice.Rows, target.Lattice.Columns], target.States, model.Layout.Count,
            checkpoint.Updates);
        return new JobResult(result, [],
        [
            $"{title}: {TargetDescription.Subtitle(target)}",
            string.Create(CultureInfo.InvariantCulture,
                $"{TargetDescription.Network(model.Network)}, {result.Parameters:N0} parameters, ")
                + string.Create(CultureInfo.InvariantCulture, $"{result.Updates:N0} updates"),
            $"wrote {request.Output}",
        ]);
    }

    // The checkpoint says itself what it is; a configuration given beside it must say the same.
    private static void CheckAgainst(ReferenceCheckpoint checkpoint, string path, ReferenceConfig given)
    {
        var own = checkpoint.Config;
        string? difference =
            !TargetMetadata.Write(own.Target).OrderBy(entry => entry.Key)
                .SequenceEqual(TargetMetadata.Write(given.Target).OrderBy(entry => entry.Key)) ? "target"
            : !own.Windows.SequenceEqual(given.Windows) ? "kernel_sizes"
            : own.Channels != given.Channels ? "num_channels"
            : !own.FreeEnergyHidden.SequenceEqual(given.FreeEnergyHidden) ? "F_hidden_sizes"
            : null;
        if (difference is not null)
            throw new LeapsException(
                $"{path}: the configuration given with --config has another {difference} than the checkpoint "
                + "itself; leave --config out, or give the one it was trained with");
    }
}
