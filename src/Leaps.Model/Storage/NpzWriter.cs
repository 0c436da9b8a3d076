using System.IO.Compression;
using System.Runtime.InteropServices;

namespace Leaps.Model.Storage;

/// <summary>
/// Writes arrays into an npz file (a zip of npy files) as they come, without holding them. Entries are
/// stored uncompressed with a fixed date: equal arrays give equal bytes.
/// </summary>
public sealed class NpzWriter(Stream stream) : IDisposable
{
    private static readonly DateTimeOffset FixedDate = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private const int FilePermissions = 0b110_100_100 << 16;

    private readonly ZipArchive _archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);

    /// <param name="name">the array's name in NumPy</param>
    /// <param name="shape">its sides</param>
    /// <param name="values">its elements, row-major</param>
    public void Write<T>(string name, IReadOnlyList<int> shape, ReadOnlySpan<T> values) where T : unmanaged
    {
        using var entry = Begin(name, ElementTypes.Of<T>(), shape, values.Length);
        entry.Write(MemoryMarshal.AsBytes(values));
    }

    /// <param name="name">the array's name in NumPy</param>
    /// <param name="shape">its sides</param>
    /// <param name="chunks">
    /// its elements, row-major, in pieces; a piece is written before the next is asked for
    /// </param>
    public void Write<T>(string name, IReadOnlyList<int> shape, IEnumerable<ReadOnlyMemory<T>> chunks)
        where T : unmanaged
    {
        long expected = ElementTypes.Elements([.. shape]) ?? throw new ArgumentException(
            $"{name} is too large.");
        long written = 0;
        using var entry = Begin(name, ElementTypes.Of<T>(), shape, expected);
        foreach (var chunk in chunks)
        {
            entry.Write(MemoryMarshal.AsBytes(chunk.Span));
            written += chunk.Length;
        }
        if (written != expected)
            throw new ArgumentException($"{name}: {written} elements came, the shape needs {expected}.");
    }

    public void Write(NamedTensor tensor)
    {
        using var entry = Begin(tensor.Name, tensor.Type, tensor.Shape, tensor.Length);
        entry.Write(tensor.Data.Span);
    }

    /// <summary>Ends the file; the stream stays open.</summary>
    public void Dispose() => _archive.Dispose();

    private Stream Begin(string name, ElementType type, IReadOnlyList<int> shape, long elements)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Leaps' files need a little-endian machine.");
        if (ElementTypes.Elements([.. shape]) != elements)
            throw new ArgumentException(
                $"{name}: {elements} elements do not make {NamedTensor.DescribeShape(shape)}.");
        var entry = _archive.CreateEntry(name + ".npy", CompressionLevel.NoCompression);
        entry.LastWriteTime = FixedDate;
        entry.ExternalAttributes = FilePermissions;
        var content = entry.Open();
        content.Write(NpyFormat.Header(type, shape));
        return content;
    }
}
