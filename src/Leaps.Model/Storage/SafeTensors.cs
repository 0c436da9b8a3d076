using System.Buffers.Binary;

namespace Leaps.Model.Storage;

/// <summary>
/// The public safetensors format: header length (8 bytes, little-endian), JSON header, then the tensors'
/// bytes one after another. What the public implementation refuses is refused here too.
/// </summary>
public static class SafeTensors
{
    /// <summary>The public implementation's limit.</summary>
    public const long LargestHeader = 100_000_000;

    /// <summary>More data than this is refused unless the caller allows it: 4 GiB.</summary>
    public const long DefaultLargestData = 1L << 32;

    /// <exception cref="LeapsException">
    /// The file can't be read or is not a sound safetensors file.
    /// </exception>
    public static TensorFile Read(string path, long largestData = DefaultLargestData) =>
        DataFile.Read(path, stream => Read(stream, largestData));

    /// <summary>Reads from the present position to the end of a stream that can seek.</summary>
    /// <exception cref="InvalidDataException">The stream is not a sound safetensors file.</exception>
    public static TensorFile Read(Stream stream, long largestData = DefaultLargestData)
    {
        long length = stream.Length - stream.Position;
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        if (length < prefix.Length)
            throw new InvalidDataException($"it has {length} bytes: too few for a safetensors file.");
        stream.ReadExactly(prefix);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > LargestHeader)
            throw new InvalidDataException(
                $"its header would have {headerLength} bytes, more than {LargestHeader}: not a "
                + "safetensors file.");
        long data = length - prefix.Length - (long)headerLength;
        if (data < 0)
            throw new InvalidDataException(
                "it ends inside its header: the file is cut short or not a safetensors file.");
        if (data > largestData)
            throw new InvalidDataException(
                $"it holds {data} bytes of tensors, more than the {largestData} allowed.");
        var header = new byte[headerLength];
        stream.ReadExactly(header);
        var (metadata, entries) = SafeTensorsHeader.Parse(header, data);
        if (entries.Find(entry => entry.End - entry.Begin > Array.MaxLength) is { } tooLarge)
            throw new InvalidDataException(
                $"tensor '{tooLarge.Name}' is larger than {Array.MaxLength} bytes.");
        var tensors = new List<NamedTensor>(entries.Count);
        foreach (var entry in entries)
        {
            var bytes = new byte[entry.End - entry.Begin];
            stream.ReadExactly(bytes);
            tensors.Add(new NamedTensor(entry.Name, entry.Type, entry.Shape, bytes));
        }
        return new TensorFile(tensors, metadata);
    }

    /// <summary>Writes the file whole or not at all. Equal content gives equal bytes.</summary>
    /// <exception cref="LeapsException">The file can't be written.</exception>
    public static void Write(string path, TensorFile file, bool refuseExisting = false) =>
        AtomicFile.Write(path, stream => Write(stream, file), refuseExisting);

    public static void Write(Stream stream, TensorFile file)
    {
        var (header, order) = SafeTensorsHeader.Format(file);
        stream.Write(header);
        foreach (var tensor in order)
            stream.Write(tensor.Data.Span);
    }
}
