using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Storage.Import;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>A model and the file that it came from: one of ours, or a checkpoint of the reference.</summary>
/// <param name="Path">of the file</param>
/// <param name="Model">architecture and parameters</param>
/// <param name="Target">what it was trained for; null where the file does not say</param>
internal sealed record ModelSource(string Path, LeapsModel Model, Target? Target)
{
    /// <summary>
    /// Opens either kind of file. A checkpoint is a zip, whatever it is called; anything else must be a model
    /// file.
    /// </summary>
    /// <exception cref="LeapsException">The file can't be read, or holds no sound model.</exception>
    public static ModelSource Open(string path)
    {
        if (IsZip(path))
        {
            var checkpoint = ReferenceCheckpoint.Import(path);
            return new ModelSource(path, checkpoint.Model, checkpoint.Target);
        }
        var stored = ModelFile.Load(path);
        return new ModelSource(path, stored.Model, stored.Target);
    }

    /// <exception cref="LeapsException">The file does not say what the model was trained for.</exception>
    public Target RequireTarget() => Target ?? throw new LeapsException(
        $"{Path}: the file does not say what target its model was trained for; sample with a configuration "
        + $"that does: leaps sample CONFIG --model {Path}");

    /// <summary>The model as the configuration's network.</summary>
    /// <exception cref="LeapsException">
    /// It does not fit the target, or is not of the architecture that the configuration describes.
    /// </exception>
    public LeapsModel RequireFit(Target target, NetworkConfiguration wanted)
    {
        var network = Model.Network;
        try
        {
            network.CheckFits(target);
        }
        catch (LeapsException error)
        {
            throw new LeapsException($"{Path}: {error.Message}", error);
        }
        bool asWanted = wanted.Kernels.Count == 0
            || network.Windows.SequenceEqual(wanted.Kernels) && network.Channels == wanted.Channels;
        if (!asWanted)
            throw new LeapsException(
                $"{Path}: its network has kernels {Describe(network.Windows)} and {network.Channels} "
                + $"channels, the configuration asks for {Describe(wanted.Kernels)} and {wanted.Channels}; "
                + "leave network.kernels out to use the file's");
        return Model;
    }

    /// <summary>Whether the model was trained for another path of densities on the same lattice.</summary>
    public bool IsTrainedForAnother(Target target) => Target is not null
        && !TargetMetadata.Write(Target).OrderBy(entry => entry.Key)
            .SequenceEqual(TargetMetadata.Write(target).OrderBy(entry => entry.Key));

    private static string Describe(IEnumerable<Window> windows) => $"[{string.Join(", ", windows)}]";

    private static bool IsZip(string path)
    {
        // Whatever is wrong with the file, the reader of model files says it better.
        try
        {
            using var stream = File.OpenRead(path);
            return stream.ReadByte() == 'P' && stream.ReadByte() == 'K';
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
