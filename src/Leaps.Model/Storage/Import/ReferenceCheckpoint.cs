using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Storage.Import;

/// <summary>
/// A model out of a PyTorch Lightning checkpoint of the reference implementation: the state dict gives the
/// parameters, the hyper-parameters (an argparse.Namespace called config) the target and the sizes.
/// </summary>
/// <param name="Model">
/// padding zeros, Potts embedding rows of norm at most 1, as the reference has them
/// </param>
/// <param name="Config">what the checkpoint's configuration says, its target included</param>
/// <param name="Updates">optimiser updates done, 0 where the file does not say</param>
public sealed record ReferenceCheckpoint(LeapsModel Model, ReferenceConfig Config, long Updates)
{
    private const string FirstWeight = LocallyEquivariantConv.Prefix + "initial_conv.weight";
    private const string MaskName = LocallyEquivariantConv.Prefix + "initial_conv.mask";

    public Target Target => Config.Target;

    /// <summary>
    /// Nothing in the file is executed; of its pickle only four harmless classes are known.
    /// </summary>
    /// <exception cref="LeapsException">
    /// The file is not such a checkpoint, is damaged, or is refused.
    /// </exception>
    public static ReferenceCheckpoint Import(string path) => DataFile.Read(path, Read);

    private static ReferenceCheckpoint Read(Stream stream)
    {
        using var archive = new CheckpointArchive(stream);
        var root = Dictionary(archive.Load(), "the checkpoint");
        var config = ReferenceConfig.Parse(Attributes(Member(root, "hyper_parameters")));
        var network = config.CreateNetwork();
        var freeEnergy = new FreeEnergyNetwork(config.FreeEnergyHidden);
        var state = Dictionary(Member(root, "state_dict"), "state_dict");
        ParameterTensor[] wanted = [.. network.Layout.Tensors, .. freeEnergy.Layout.Tensors];
        CheckNames(state, wanted);
        if (state.ContainsKey(MaskName))
        {
            var mask = Tensor(state, MaskName, network.Layout[FirstWeight].Shape);
            CheckMask(archive.Read(mask), network.Windows[0]);
        }
        // Every tensor is read before the model is allocated: sizes that are only claimed cost nothing.
        var values = wanted.Select(tensor => Values(archive, state, tensor)).ToList();
        var model = new LeapsModel(network, freeEnergy);
        for (int i = 0; i < wanted.Length; i++)
            values[i].CopyTo(model.Parameters[wanted[i].Name]);
        return new ReferenceCheckpoint(model, config, root.GetValueOrDefault("global_step") as long? ?? 0);
    }

    private static double[] Values(
        CheckpointArchive archive, Dictionary<object, object?> state, ParameterTensor tensor)
    {
        double[] values = archive.Read(Tensor(state, tensor.Name, tensor.Shape));
        ModelFile.RequireFinite(tensor.Name, values);
        return values;
    }

    private static void CheckNames(Dictionary<object, object?> state, ParameterTensor[] wanted)
    {
        var names = wanted.Select(tensor => (object)tensor.Name).Append(MaskName).ToHashSet();
        if (state.Keys.FirstOrDefault(key => !names.Contains(key)) is { } extra)
            throw new InvalidDataException(
                $"its state_dict holds '{extra}', which does not belong to the network that its "
                + "configuration describes.");
    }

    // The mask of the first convolution is a constant: it hides the site itself.
    private static void CheckMask(double[] mask, Window window)
    {
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i] != (i % window.Positions == window.Centre ? 0 : 1))
                throw new InvalidDataException(
                    $"its '{MaskName}' is not 0 in the centre and 1 elsewhere: not a network of the "
                    + "reference.");
        }
    }

    private static PickleTensor Tensor(Dictionary<object, object?> state, string name, int[] shape)
    {
        if (!state.TryGetValue(name, out object? value))
            throw new InvalidDataException($"its state_dict lacks '{name}'.");
        if (value is not PickleTensor tensor)
            throw new InvalidDataException($"'{name}' in its state_dict is not a tensor.");
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw new InvalidDataException(
                $"'{name}' has the shape {NamedTensor.DescribeShape(tensor.Shape)}; its configuration "
                + $"asks for {NamedTensor.DescribeShape(shape)}.");
        return tensor;
    }

    private static Dictionary<string, object?> Attributes(object? hyperParameters)
    {
        object? config = hyperParameters is Dictionary<object, object?> map
            ? Member(map, "config") : hyperParameters;
        return config is PickleNamespace holder
            ? holder.Attributes
            : throw new InvalidDataException("its hyper_parameters hold no configuration.");
    }

    private static object? Member(Dictionary<object, object?> dictionary, string key) =>
        dictionary.TryGetValue(key, out object? value)
            ? value
            : throw new InvalidDataException($"it lacks '{key}': not a checkpoint of the reference.");

    private static Dictionary<object, object?> Dictionary(object? value, string name) =>
        value as Dictionary<object, object?> ?? throw new InvalidDataException(
            $"{name} is not a dictionary: not a checkpoint of the reference.");
}
