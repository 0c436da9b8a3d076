namespace Leaps.Model.Storage;

/// <summary>
/// Saved state as bytes: a safetensors file in memory, the name of its format and a few numbers in the
/// metadata. Equal content gives equal bytes.
/// </summary>
internal static class StateBytes
{
    private const string FormatKey = "format";

    /// <param name="what">for messages: "The replay buffer"</param>
    /// <param name="format">name and version: "leaps-rollout/1"</param>
    /// <param name="tensors">the arrays</param>
    /// <param name="values">the numbers, as text</param>
    /// <exception cref="LeapsException">It is more than one array of bytes can hold.</exception>
    public static byte[] Write(string what, string format, IReadOnlyCollection<NamedTensor> tensors,
        params ReadOnlySpan<(string Key, string Value)> values)
    {
        var metadata = new Dictionary<string, string> { [FormatKey] = format };
        foreach (var (key, value) in values)
            metadata.Add(key, value);
        var file = new TensorFile(tensors, metadata);
        var (header, order) = SafeTensorsHeader.Format(file);
        long length = header.Length + order.Sum(tensor => (long)tensor.Data.Length);
        if (length > Array.MaxLength)
        {
            throw new LeapsException(
                $"{what} takes {length} bytes; at most {Array.MaxLength} can be saved at once.");
        }
        var bytes = new byte[length];
        header.CopyTo(bytes, 0);
        int position = header.Length;
        foreach (var tensor in order)
        {
            tensor.Data.CopyTo(bytes.AsMemory(position));
            position += tensor.Data.Length;
        }
        return bytes;
    }

    /// <summary>
    /// Reads bytes of one format; what <paramref name="read"/> refuses is told of <paramref name="what"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">The bytes are not sound, in one line.</exception>
    public static T Read<T>(string what, string format, ReadOnlySpan<byte> bytes,
        Func<TensorFile, MetadataValues, T> read)
    {
        try
        {
            var file = SafeTensors.Read(new MemoryStream(bytes.ToArray(), writable: false));
            var values = new MetadataValues(file.Metadata);
            string found = values.Text(FormatKey);
            if (found != format)
                throw new InvalidDataException(
                    $"it is in the format '{found}'; '{format}' is asked for.");
            return read(file, values);
        }
        catch (InvalidDataException cause)
        {
            string reason = DataFile.OneLine(cause.Message);
            throw new InvalidDataException($"{what} can't be read: {reason}", cause);
        }
    }

    /// <exception cref="InvalidDataException">It is absent or has another type or length.</exception>
    public static ReadOnlySpan<T> Values<T>(this TensorFile file, string name, long length)
        where T : unmanaged
    {
        var values = file[name].As<T>();
        return values.Length == length ? values
            : throw new InvalidDataException($"'{name}' has {values.Length} values, not {length}.");
    }

    /// <exception cref="InvalidDataException">A value is NaN or infinite.</exception>
    public static void RequireFinite(string name, ReadOnlySpan<double> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new InvalidDataException($"'{name}' holds {values[i]} at position {i}.");
        }
    }
}
