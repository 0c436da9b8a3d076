namespace Leaps.Model.Storage;

/// <summary>The types of array elements that Leaps' files hold, all little-endian.</summary>
public enum ElementType
{
    Float32,
    Float64,
    Int8,
    UInt8,
    Int32,
    Int64,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Sizes of the element types and their names in the safetensors and npy formats.</summary>
internal static class ElementTypes
{
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Float64 or ElementType.Int64 => 8,
        ElementType.Float32 or ElementType.Int32 => 4,
        _ => 1,
    };

    public static string SafeTensorsName(this ElementType type) => type switch
    {
        ElementType.Float32 => "F32",
        ElementType.Float64 => "F64",
        ElementType.Int8 => "I8",
        ElementType.UInt8 => "U8",
        ElementType.Int32 => "I32",
        ElementType.Int64 => "I64",
        _ => "BOOL",
    };

    public static string NpyDescriptor(this ElementType type) => type switch
    {
        ElementType.Float32 => "<f4",
        ElementType.Float64 => "<f8",
        ElementType.Int8 => "|i1",
        ElementType.UInt8 => "|u1",
        ElementType.Int32 => "<i4",
        ElementType.Int64 => "<i8",
        _ => "|b1",
    };

    public static ElementType? FromSafeTensorsName(string name) =>
        Find(type => type.SafeTensorsName() == name);

    public static ElementType? FromNpyDescriptor(string name) =>
        Find(type => type.NpyDescriptor() == name);

    /// <exception cref="NotSupportedException">There is no element type for T.</exception>
    public static ElementType Of<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(float)) return ElementType.Float32;
        if (typeof(T) == typeof(double)) return ElementType.Float64;
        if (typeof(T) == typeof(sbyte)) return ElementType.Int8;
        if (typeof(T) == typeof(byte)) return ElementType.UInt8;
        if (typeof(T) == typeof(int)) return ElementType.Int32;
        if (typeof(T) == typeof(long)) return ElementType.Int64;
        if (typeof(T) == typeof(bool)) return ElementType.Bool;
        throw new NotSupportedException($"Arrays of {typeof(T).Name} are not stored.");
    }

    /// <summary>Product of the sides, or null when it exceeds a long.</summary>
    public static long? Elements(ReadOnlySpan<int> shape)
    {
        long product = 1;
        foreach (int side in shape)
        {
            if (side != 0 && product > long.MaxValue / side)
                return null;
            product *= side;
        }
        return product;
    }

    private static ElementType? Find(Func<ElementType, bool> matches)
    {
        foreach (var type in Enum.GetValues<ElementType>())
        {
            if (matches(type))
                return type;
        }
        return null;
    }
}
