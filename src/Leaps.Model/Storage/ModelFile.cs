using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Storage;

/// <summary>A model read from a file, with the target it was trained for where the file names one.</summary>
/// <param name="Model">architecture and parameters</param>
/// <param name="Target">null when the file names none</param>
/// <param name="Metadata">every string of the file's metadata</param>
public sealed record StoredModel(
    LeapsModel Model, Target? Target, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// A model as a safetensors file: parameters as F32 under their names (a tensor with values that are not
/// float32 numbers as F64), architecture and target in the metadata.
/// </summary>
public static class ModelFile
{
    public const string Format = "leaps-model/1";
    private const string FormatKey = "format";

    /// <summary>Writes the file whole or not at all. Equal models give equal bytes.</summary>
    /// <param name="path">the final name</param>
    /// <param name="model">what to write</param>
    /// <param name="target">the target that it was trained for, remembered in the file</param>
    /// <param name="notes">
    /// further strings for the metadata; keys of the format itself are not allowed
    /// </param>
    /// <param name="refuseExisting">a file of that name is an error instead of being replaced</param>
    /// <exception cref="LeapsException">
    /// The file can't be written, or a parameter is not a finite number.
    /// </exception>
    public static void Save(string path, LeapsModel model, Target? target = null,
        IReadOnlyDictionary<string, string>? notes = null, bool refuseExisting = false)
    {
        var file = ToTensors(model, target, notes);
        SafeTensors.Write(path, file, refuseExisting);
    }

    /// <summary>The same bytes as <see cref="Save"/>, to a stream.</summary>
    public static void Write(Stream stream, LeapsModel model, Target? target = null,
        IReadOnlyDictionary<string, string>? notes = null) =>
        SafeTensors.Write(stream, ToTensors(model, target, notes));

    /// <exception cref="LeapsException">The file can't be read, or does not hold a sound model.</exception>
    public static StoredModel Load(string path) => DataFile.Read(path, Read);

    /// <summary>Reads from the present position to the end of a stream that can seek.</summary>
    /// <exception cref="InvalidDataException">The stream does not hold a sound model.</exception>
    /// <exception cref="LeapsException">Its architecture or target is not possible.</exception>
    public static StoredModel Read(Stream stream)
    {
        var file = SafeTensors.Read(stream);
        if (!file.Metadata.TryGetValue(FormatKey, out string? format))
            throw new InvalidDataException($"its metadata lacks '{FormatKey}': not a model of Leaps.");
        if (format != Format)
            throw new InvalidDataException(
                $"it is in the format '{format}'; this version of Leaps reads '{Format}'.");
        var (network, freeEnergy) = NetworkMetadata.Read(file.Metadata);
        var target = TargetMetadata.Read(file.Metadata);
        if (target is not null)
            network.CheckFits(target);
        ParameterTensor[] wanted = [.. network.Layout.Tensors, .. freeEnergy.Layout.Tensors];
        CheckShapes(file, wanted);
        var model = new LeapsModel(network, freeEnergy);
        foreach (var tensor in wanted)
        {
            double[] values = file[tensor.Name].ToDoubles();
            RequireFinite(tensor.Name, values);
            values.CopyTo(model.Parameters[tensor.Name]);
        }
        return new StoredModel(model, target, file.Metadata);
    }

    /// <exception cref="InvalidDataException">A value is NaN or infinite.</exception>
    internal static void RequireFinite(string name, ReadOnlySpan<double> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new InvalidDataException(
                    $"the parameter '{name}' holds {values[i]} at position {i}: the model is broken.");
        }
    }

    private static void CheckShapes(TensorFile file, ParameterTensor[] wanted)
    {
        foreach (var tensor in wanted)
        {
            var found = file[tensor.Name];
            if (!found.Shape.AsSpan().SequenceEqual(tensor.Shape))
                throw new InvalidDataException(
                    $"the tensor '{tensor.Name}' is {found.Describe()}; its architecture asks for "
                    + $"{NamedTensor.DescribeShape(tensor.Shape)}.");
            if (found.Type is not (ElementType.Float32 or ElementType.Float64))
                throw new InvalidDataException(
                    $"the tensor '{tensor.Name}' is {found.Describe()}; parameters are F32 or F64.");
        }
        if (file.Tensors.Count == wanted.Length)
            return;
        var names = wanted.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var extra = file.Tensors.First(tensor => !names.Contains(tensor.Name));
        throw new InvalidDataException($"the tensor '{extra.Name}' does not belong to its architecture.");
    }

    private static TensorFile ToTensors(
        LeapsModel model, Target? target, IReadOnlyDictionary<string, string>? notes)
    {
        var metadata = NetworkMetadata.Write(model);
        metadata.Add(FormatKey, Format);
        if (target is not null)
        {
            model.Network.CheckFits(target);
            foreach (var (key, value) in TargetMetadata.Write(target))
                metadata.Add(key, value);
        }
        foreach (var (key, value) in notes ?? new Dictionary<string, string>())
            metadata.Add(key, value);
        return new TensorFile(model.Layout.Tensors.Select(tensor => ToTensor(model, tensor)), metadata);
    }

    private static NamedTensor ToTensor(LeapsModel model, ParameterTensor tensor)
    {
        ReadOnlySpan<double> values = model.Parameters[tensor.Name];
        var singles = new float[values.Length];
        bool exact = true;
        for (int i = 0; i < singles.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new LeapsException(
                    $"The parameter '{tensor.Name}' holds {values[i]}: such a model is not saved. Lower "
                    + "the learning rate.");
            singles[i] = (float)values[i];
            exact &= singles[i] == values[i];
        }
        return exact
            ? NamedTensor.Create<float>(tensor.Name, tensor.Shape, singles)
            : NamedTensor.Create(tensor.Name, tensor.Shape, values);
    }
}
