namespace Leaps.Model.Storage;

/// <summary>
/// Content of a file of named arrays, with its map of strings (empty where the format has none).
/// </summary>
public sealed class TensorFile
{
    private readonly Dictionary<string, NamedTensor> _byName = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    public TensorFile(IEnumerable<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Tensors = [.. tensors];
        Metadata = metadata ?? new Dictionary<string, string>();
        foreach (var tensor in Tensors)
            _byName.Add(tensor.Name, tensor);
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<NamedTensor> Tensors { get; }
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor of that name, or null.</summary>
    public NamedTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <exception cref="InvalidDataException">There is no tensor of that name.</exception>
    public NamedTensor this[string name] =>
        Find(name) ?? throw new InvalidDataException($"the file holds no tensor '{name}'.");
}
