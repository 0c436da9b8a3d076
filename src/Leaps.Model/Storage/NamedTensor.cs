using System.Runtime.InteropServices;

namespace Leaps.Model.Storage;

/// <summary>
/// One array of a file: name, element type, shape and its bytes, row-major and little-endian.
/// </summary>
public sealed class NamedTensor
{
    /// <exception cref="ArgumentException">The bytes are not as many as the shape needs.</exception>
    public NamedTensor(string name, ElementType type, IReadOnlyList<int> shape, ReadOnlyMemory<byte> data)
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Leaps' files need a little-endian machine.");
        Name = name;
        Type = type;
        Shape = [.. shape];
        Data = data;
        if (Shape.Any(side => side < 0) || ElementTypes.Elements(Shape) is not { } elements
            || elements > int.MaxValue || elements * type.Size() != data.Length)
            throw new ArgumentException(
                $"{name}: {data.Length} bytes do not make {Describe()}.", nameof(data));
        Length = (int)elements;
    }

    public string Name { get; }
    public ElementType Type { get; }
    public int[] Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Length { get; }
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Copies values, row-major, into a tensor of their own type.</summary>
    public static NamedTensor Create<T>(string name, IReadOnlyList<int> shape, ReadOnlySpan<T> values)
        where T : unmanaged =>
        new(name, ElementTypes.Of<T>(), shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The elements, row-major, without a copy.</summary>
    /// <exception cref="InvalidDataException">They are of another type.</exception>
    public ReadOnlySpan<T> As<T>() where T : unmanaged
    {
        if (ElementTypes.Of<T>() != Type)
            throw new InvalidDataException($"'{Name}' holds {Type}, not {ElementTypes.Of<T>()}.");
        return MemoryMarshal.Cast<byte, T>(Data.Span);
    }

    /// <summary>The elements, row-major, as doubles (an Int64 beyond 2^53 is rounded).</summary>
    public double[] ToDoubles()
    {
        return Type switch
        {
            ElementType.Float32 => Convert(As<float>(), value => value),
            ElementType.Float64 => As<double>().ToArray(),
            ElementType.Int8 => Convert(As<sbyte>(), value => value),
            ElementType.Int32 => Convert(As<int>(), value => value),
            ElementType.Int64 => Convert(As<long>(), value => (double)value),
            _ => Convert(Data.Span, value => value),
        };

        static double[] Convert<T>(ReadOnlySpan<T> values, Func<T, double> toDouble)
        {
            var result = new double[values.Length];
            for (int i = 0; i < result.Length; i++)
                result[i] = toDouble(values[i]);
            return result;
        }
    }

    /// <summary>For messages: "Float32 [20, 1, 3, 3]".</summary>
    public string Describe() => $"{Type} {DescribeShape(Shape)}";

    internal static string DescribeShape(IEnumerable<int> shape) => $"[{string.Join(", ", shape)}]";
}
