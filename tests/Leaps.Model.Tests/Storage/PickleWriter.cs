using System.Buffers.Binary;
using System.Text;

namespace Leaps.Model.Tests.Storage;

/// <summary>Writes pickles, protocol 2, opcode by opcode.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [0x80, 2];

    public byte[] End() => [.. _bytes, (byte)'.'];

    public PickleWriter Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleWriter Raw(string ascii) => Raw(Encoding.ASCII.GetBytes(ascii));

    public PickleWriter Global(string module, string name) => Raw($"c{module}\n{name}\n");

    /// <summary>null, ASCII text, bool, int, double, a list (array of objects) or a dictionary.</summary>
    public PickleWriter Value(object? value) => value switch
    {
        null => Raw("N"),
        string text => Raw("X").Raw(BitConverter.GetBytes(text.Length)).Raw(text),
        bool flag => Raw(flag ? (byte)0x88 : (byte)0x89),
        int number => Raw("J").Raw(BitConverter.GetBytes(number)),
        double number => Double(number),
        object[] list => List(list),
        _ => throw new ArgumentException($"{value.GetType()}"),
    };

    public PickleWriter Tuple(params int[] values)
    {
        Raw("(");
        foreach (int value in values)
            Value(value);
        return Raw("t");
    }

    /// <summary>dict(key = value written by the action, …)</summary>
    public PickleWriter Dictionary(IEnumerable<(string Key, Action<PickleWriter> Write)> items)
    {
        Raw("}(");
        foreach (var (key, write) in items)
        {
            Value(key);
            write(this);
        }
        return Raw("u");
    }

    /// <summary>_rebuild_tensor_v2(storage, offset, shape, stride, False, OrderedDict())</summary>
    public PickleWriter Tensor(string key, int elements, int offset, int[] shape, int[] stride)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Raw("((");
        Value("storage").Global("torch", "FloatStorage").Value(key).Value("cpu").Value(elements).Raw("tQ");
        Value(offset).Tuple(shape).Tuple(stride).Value(false);
        return Global("collections", "OrderedDict").Raw(")RtR");
    }

    private PickleWriter List(object[] list)
    {
        Raw("](");
        foreach (object value in list)
            Value(value);
        return Raw("e");
    }

    private PickleWriter Double(double number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(bytes, number);
        return Raw("G").Raw(bytes);
    }
}
