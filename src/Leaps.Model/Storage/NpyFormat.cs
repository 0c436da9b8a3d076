using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Leaps.Model.Storage;

/// <summary>
/// NumPy's npy format, versions 1.0 and 2.0: magic, version, header length, a header such as
/// <c>{'descr': '&lt;f8', 'fortran_order': False, 'shape': (3, 4), }</c> padded to a multiple of 64 bytes,
/// then the elements row-major. Pickled objects are never read.
/// </summary>
internal static class NpyFormat
{
    public const int LongestHeader = 1 << 16;
    private const int Alignment = 64;
    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Whether the stream begins as npy files do; it is left where it was.</summary>
    public static bool IsAt(Stream stream)
    {
        Span<byte> start = stackalloc byte[Magic.Length];
        long position = stream.Position;
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = position;
        return start[..read].SequenceEqual(Magic);
    }

    /// <summary>Everything before the elements, in version 1.0.</summary>
    public static byte[] Header(ElementType type, IReadOnlyList<int> shape)
    {
        string sides = string.Join(", ", shape.Select(side => side.ToString(CultureInfo.InvariantCulture)));
        if (shape.Count == 1)
            sides += ",";
        string text = $"{{'descr': '{type.NpyDescriptor()}', 'fortran_order': False, 'shape': ({sides}), }}";
        int fixedPart = Magic.Length + 4;
        int total = (fixedPart + text.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var header = new byte[total];
        header.AsSpan().Fill((byte)' ');
        Magic.CopyTo(header);
        header[Magic.Length] = 1;
        header[Magic.Length + 1] = 0;
        var length = header.AsSpan(Magic.Length + 2);
        BinaryPrimitives.WriteUInt16LittleEndian(length, checked((ushort)(total - fixedPart)));
        Encoding.ASCII.GetBytes(text, header.AsSpan(fixedPart));
        header[^1] = (byte)'\n';
        return header;
    }

    /// <summary>The array in the bytes of a whole npy file; the elements are not copied.</summary>
    /// <exception cref="InvalidDataException">
    /// It is not a sound npy file, or of a kind that is not read.
    /// </exception>
    public static NamedTensor Parse(string name, ReadOnlyMemory<byte> file)
    {
        var bytes = file.Span;
        if (bytes.Length < Magic.Length + 4 || !bytes.StartsWith(Magic))
            throw new InvalidDataException($"'{name}' is not an npy array.");
        int major = bytes[Magic.Length], minor = bytes[Magic.Length + 1];
        if (major is not (1 or 2) || minor != 0)
            throw new InvalidDataException(
                $"'{name}' is in npy version {major}.{minor}; 1.0 and 2.0 are read.");
        int lengthBytes = major == 1 ? 2 : 4, start = Magic.Length + 2 + lengthBytes;
        if (bytes.Length < start)
            throw new InvalidDataException($"'{name}' ends inside its header.");
        long length = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[(Magic.Length + 2)..])
            : BinaryPrimitives.ReadUInt32LittleEndian(bytes[(Magic.Length + 2)..]);
        if (length > LongestHeader)
            throw new InvalidDataException(
                $"'{name}' claims a header of {length} bytes; at most {LongestHeader} are allowed.");
        if (length > bytes.Length - start)
            throw new InvalidDataException($"'{name}' ends inside its header.");
        var header = new NpyHeader(name, Encoding.Latin1.GetString(bytes.Slice(start, (int)length)));
        var (type, shape) = header.Parse();
        var data = file[(start + (int)length)..];
        if (ElementTypes.Elements(shape) is not { } elements || elements > int.MaxValue
            || elements * type.Size() != data.Length)
            throw new InvalidDataException(
                $"'{name}' has {data.Length} bytes of elements, which do not make {type} "
                + $"{NamedTensor.DescribeShape(shape)}.");
        return new NamedTensor(name, type, shape, data);
    }
}
