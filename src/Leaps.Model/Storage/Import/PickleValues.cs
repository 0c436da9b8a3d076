namespace Leaps.Model.Storage.Import;

/// <summary>argparse.Namespace: named attributes and nothing else.</summary>
internal sealed class PickleNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>A torch.FloatStorage: its bytes are in the archive under <c>data/Key</c>.</summary>
internal sealed record PickleStorage(string Key, long Elements);

/// <summary>
/// A float32 tensor, as a view of a storage: element (i_0, i_1, …) is at Offset + Σ i_d Stride_d.
/// </summary>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, int[] Shape, long[] Stride)
{
    /// <exception cref="InvalidDataException">The view leaves its storage.</exception>
    public static PickleTensor Create(PickleStorage storage, long offset, object?[] shape, object?[] stride)
    {
        if (shape.Length != stride.Length || shape.Length > 16)
            throw Bad("has a malformed shape");
        var sides = new int[shape.Length];
        var steps = new long[shape.Length];
        Int128 last = offset;
        bool empty = false;
        for (int d = 0; d < sides.Length; d++)
        {
            if (shape[d] is not (long side and >= 0 and <= int.MaxValue)
                || stride[d] is not (long step and >= 0))
                throw Bad("has a malformed shape");
            sides[d] = (int)side;
            steps[d] = step;
            empty |= side == 0;
            last += (Int128)step * Math.Max(side - 1, 0);
        }
        // A tensor never has more elements than its storage: expanded views (stride 0) are not stored.
        if (offset < 0 || (empty ? offset > storage.Elements : last >= storage.Elements)
            || ElementTypes.Elements(sides) is not { } elements || elements > storage.Elements)
            throw Bad($"needs more than the {storage.Elements} numbers stored for it");
        return new PickleTensor(storage, offset, sides, steps);

        InvalidDataException Bad(string what) => new($"a tensor of storage '{storage.Key}' {what}.");
    }

    /// <summary>The elements, row-major.</summary>
    /// <param name="storage">(storage elements)</param>
    public double[] Gather(ReadOnlySpan<float> storage)
    {
        var values = new double[ElementTypes.Elements(Shape) ?? 0];
        var index = new int[Shape.Length];
        for (int i = 0; i < values.Length; i++)
        {
            long position = Offset;
            for (int d = 0; d < index.Length; d++)
                position += index[d] * Stride[d];
            values[i] = storage[checked((int)position)];
            for (int d = index.Length - 1; d >= 0 && ++index[d] == Shape[d]; d--)
                index[d] = 0;
        }
        return values;
    }
}
