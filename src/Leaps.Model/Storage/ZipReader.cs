using System.IO.Compression;

namespace Leaps.Model.Storage;

/// <summary>
/// Reads entries of an untrusted zip file: no name twice, sizes bounded by the caller, memory taken only as
/// data really arrives, checksums verified.
/// </summary>
internal sealed class ZipReader : IDisposable
{
    private const int FirstChunk = 1 << 20;

    // Deflate can't do better than 1032:1.
    private const long BestDeflateRatio = 1032;
    private static readonly uint[] CrcTable = MakeCrcTable();

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);

    /// <exception cref="InvalidDataException">The stream is not a sound zip file.</exception>
    public ZipReader(Stream stream)
    {
        _archive = Guarded(() => new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true));
        foreach (var entry in Guarded(() => _archive.Entries))
        {
            if (!_entries.TryAdd(entry.FullName, entry))
                throw new InvalidDataException($"its zip directory lists '{entry.FullName}' twice.");
        }
    }

    public IEnumerable<string> Names => _entries.Keys;

    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>The size that the entry claims to have.</summary>
    /// <exception cref="InvalidDataException">There is no such entry.</exception>
    public long Length(string name) => Entry(name).Length;

    /// <summary>The whole content of an entry.</summary>
    /// <exception cref="InvalidDataException">
    /// It is absent, larger than the limit, damaged, or not of the size it claims.
    /// </exception>
    public byte[] Read(string name, long largest)
    {
        var entry = Entry(name);
        long length = entry.Length;
        if (length < 0 || length > Math.Min(largest, Array.MaxLength))
            throw new InvalidDataException($"'{name}' claims {length} bytes; at most {largest} are allowed.");
        if (length > BestDeflateRatio * (entry.CompressedLength + 1))
            throw new InvalidDataException(
                $"'{name}' claims {length} bytes, but has only {entry.CompressedLength} in the file.");
        byte[] bytes = Guarded(() => ReadContent(entry, (int)length));
        if (Crc32(bytes) != entry.Crc32)
            throw new InvalidDataException($"'{name}' does not match its checksum: the file is damaged.");
        return bytes;
    }

    public void Dispose() => _archive.Dispose();

    private ZipArchiveEntry Entry(string name) => _entries.GetValueOrDefault(name)
        ?? throw new InvalidDataException($"it holds no '{name}'.");

    private static byte[] ReadContent(ZipArchiveEntry entry, int length)
    {
        using var stream = entry.Open();
        var bytes = new byte[Math.Min(length, FirstChunk)];
        int filled = 0;
        while (true)
        {
            var rest = bytes.AsSpan(filled);
            filled += stream.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false);
            if (filled < bytes.Length || filled == length)
                break;
            Array.Resize(ref bytes, (int)Math.Min(2L * bytes.Length, length));
        }
        if (filled != length || stream.ReadByte() >= 0)
            throw new InvalidDataException($"'{entry.FullName}' does not have the {length} bytes it claims.");
        return bytes;
    }

    // ZipArchive answers damage with exceptions of several kinds.
    private static T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception cause) when (cause is InvalidDataException or IOException or ArgumentException
            or OverflowException or NotSupportedException)
        {
            throw new InvalidDataException($"it is not a sound zip file: {cause.Message}", cause);
        }
    }

    /// <summary>The checksum of the zip format, polynomial 0xEDB88320.</summary>
    internal static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = CrcTable[(crc ^ value) & 0xFF] ^ crc >> 8;
        return ~crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ crc >> 1 : crc >> 1;
            table[i] = crc;
        }
        return table;
    }
}
