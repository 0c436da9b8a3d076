using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Leaps.Model.Storage;

/// <summary>
/// One tensor of a safetensors header: bytes [Begin, End) of the data that follows the header.
/// </summary>
internal sealed record TensorEntry(string Name, ElementType Type, int[] Shape, long Begin, long End);

/// <summary>
/// The JSON header of a safetensors file:
/// <c>{"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]}, …}</c>,
/// preceded by its length (8 bytes, little-endian) and possibly padded with spaces.
/// </summary>
internal static class SafeTensorsHeader
{
    private const string MetadataKey = "__metadata__";
    private const int Alignment = 8;

    /// <summary>
    /// Entries in the order of their data, which is checked to be without holes or overlap.
    /// </summary>
    /// <param name="json">the header without its length</param>
    /// <param name="dataBytes">bytes after the header</param>
    /// <exception cref="InvalidDataException">The header is not what the format asks for.</exception>
    public static (Dictionary<string, string> Metadata, List<TensorEntry> Entries) Parse(
        ReadOnlySpan<byte> json, long dataBytes)
    {
        if (json.IsEmpty || json[0] != '{')
            throw new InvalidDataException("the header does not start with '{': not a safetensors file.");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var entries = new List<TensorEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                if (!names.Add(name))
                    throw new InvalidDataException($"the header has the key '{name}' twice.");
                reader.Read();
                if (name == MetadataKey)
                    ReadMetadata(ref reader, metadata);
                else
                    entries.Add(ReadEntry(ref reader, name));
            }
            while (reader.Read())
            {
                // Anything but white space after the object is an error of the reader.
            }
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"the header is not valid JSON ({cause.Message}).", cause);
        }
        CheckOffsets(entries, dataBytes);
        return (metadata, entries);
    }

    /// <summary>
    /// The header with its length, padded to a multiple of 8 bytes; and the order of the tensors: the largest
    /// elements first, then by name, so that each begins at a multiple of its element size.
    /// </summary>
    public static (byte[] Header, List<NamedTensor> Order) Format(TensorFile file)
    {
        List<NamedTensor> order = [.. file.Tensors.OrderByDescending(tensor => tensor.Type.Size())
            .ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (file.Metadata.Count > 0)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in file.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var tensor in order)
                offset = WriteEntry(json, tensor, offset);
            json.WriteEndObject();
        }
        int length = (buffer.WrittenCount + Alignment - 1) / Alignment * Alignment;
        var header = new byte[sizeof(ulong) + length];
        header.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)length);
        buffer.WrittenSpan.CopyTo(header.AsSpan(sizeof(ulong)));
        return (header, order);
    }

    private static long WriteEntry(Utf8JsonWriter json, NamedTensor tensor, long offset)
    {
        if (tensor.Name == MetadataKey)
            throw new ArgumentException($"A tensor can't be called {MetadataKey}.");
        long end = offset + tensor.Data.Length;
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Type.SafeTensorsName());
        json.WriteStartArray("shape");
        foreach (int side in tensor.Shape)
            json.WriteNumberValue(side);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
        return end;
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new InvalidDataException($"{MetadataKey} is not a map of strings.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw new InvalidDataException($"{MetadataKey} is not a map of strings: see '{key}'.");
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw new InvalidDataException($"{MetadataKey} has the key '{key}' twice.");
        }
    }

    private static TensorEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new InvalidDataException($"the entry of tensor '{name}' is not an object.");
        string? dtype = null;
        long[]? shape = null, offsets = null;
        var keys = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (!keys.Add(key))
                throw new InvalidDataException($"tensor '{name}' has the key '{key}' twice.");
            reader.Read();
            if (key == "dtype" && reader.TokenType == JsonTokenType.String)
                dtype = reader.GetString();
            else if (key == "shape")
                shape = ReadNumbers(ref reader, name, key);
            else if (key == "data_offsets")
                offsets = ReadNumbers(ref reader, name, key);
            else
                reader.Skip();
        }
        if (dtype is null || shape is null || offsets is not [long begin, long end])
            throw new InvalidDataException(
                $"tensor '{name}' lacks its dtype, its shape or its two data_offsets.");
        var type = ElementTypes.FromSafeTensorsName(dtype)
            ?? throw new InvalidDataException(
                $"tensor '{name}' has the element type '{dtype}', which Leaps does not read.");
        if (shape.Any(side => side > int.MaxValue))
            throw new InvalidDataException($"tensor '{name}' has a side longer than {int.MaxValue}.");
        return new TensorEntry(name, type, [.. shape.Select(side => (int)side)], begin, end);
    }

    private static long[] ReadNumbers(ref Utf8JsonReader reader, string name, string key)
    {
        var numbers = new List<long>();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new InvalidDataException($"'{key}' of tensor '{name}' is not a list of numbers.");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number
                || !reader.TryGetInt64(out long number) || number < 0)
                throw new InvalidDataException(
                    $"'{key}' of tensor '{name}' holds something else than whole numbers from 0 up.");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    private static void CheckOffsets(List<TensorEntry> entries, long dataBytes)
    {
        entries.Sort((x, y) => (x.Begin, x.End).CompareTo((y.Begin, y.End)));
        long position = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != position || entry.End < entry.Begin)
                throw new InvalidDataException(
                    $"tensor '{entry.Name}' lies at bytes {entry.Begin} to {entry.End}, but should begin "
                    + $"at {position}: there is a hole or an overlap.");
            if (entry.End > dataBytes)
                throw new InvalidDataException(
                    $"tensor '{entry.Name}' ends at byte {entry.End} of {dataBytes}: the file is cut short.");
            long bytes = entry.End - entry.Begin;
            int size = entry.Type.Size();
            if (bytes % size != 0 || ElementTypes.Elements(entry.Shape) != bytes / size)
                throw new InvalidDataException(
                    $"tensor '{entry.Name}' has {bytes} bytes, which do not make {entry.Type} "
                    + $"{NamedTensor.DescribeShape(entry.Shape)}.");
            position = entry.End;
        }
        if (position != dataBytes)
            throw new InvalidDataException($"{dataBytes - position} bytes follow the last tensor.");
    }
}
