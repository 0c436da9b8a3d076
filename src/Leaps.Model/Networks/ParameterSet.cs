namespace Leaps.Model.Networks;

/// <summary>One named tensor inside the flat parameter vector, row-major.</summary>
public sealed record ParameterTensor(string Name, int[] Shape, int Offset)
{
    public int Length { get; } = Shape.Aggregate(1, (product, side) => checked(product * side));
}

/// <summary>Names, shapes and places of a network's parameters. The order is part of the format.</summary>
public sealed class ParameterLayout
{
    private readonly Dictionary<string, ParameterTensor> _byName = [];

    public ParameterLayout(IEnumerable<(string Name, int[] Shape)> tensors)
    {
        var list = new List<ParameterTensor>();
        foreach (var (name, shape) in tensors)
        {
            var tensor = new ParameterTensor(name, shape, Count);
            list.Add(tensor);
            _byName.Add(name, tensor);
            Count = checked(Count + tensor.Length);
        }
        Tensors = list;
    }

    public IReadOnlyList<ParameterTensor> Tensors { get; }

    /// <summary>Number of scalars.</summary>
    public int Count { get; }

    public ParameterTensor this[string name] => _byName[name];
    public bool Contains(string name) => _byName.ContainsKey(name);
}

/// <summary>
/// The parameters (or gradients) of a model as one flat vector of doubles. Trained parameters lie on the
/// float32 grid, so that the file, the SIMD device and the Reference device hold the same numbers.
/// </summary>
public sealed class ParameterSet(ParameterLayout layout)
{
    public ParameterLayout Layout { get; } = layout;
    public double[] Values { get; } = new double[layout.Count];

    /// <summary>The scalars of one tensor, row-major.</summary>
    public Span<double> this[string name]
    {
        get
        {
            var tensor = Layout[name];
            return Values.AsSpan(tensor.Offset, tensor.Length);
        }
    }

    public ParameterSet Clone()
    {
        var copy = new ParameterSet(Layout);
        Values.CopyTo(copy.Values, 0);
        return copy;
    }

    /// <summary>Rounds every value to the nearest float32.</summary>
    public void RoundToSingle()
    {
        for (int i = 0; i < Values.Length; i++)
            Values[i] = (float)Values[i];
    }
}
