using System.Buffers.Binary;
using System.Text;

namespace Leaps.Model.Storage.Import;

/// <summary>
/// Reads a pickle without ever executing anything: the opcodes that PyTorch's checkpoints use, and the four
/// globals of <see cref="PickleGlobals"/>. Every other opcode and global is refused by name.
/// </summary>
/// <remarks>
/// Values: null, bool, long, double, string, <c>List&lt;object?&gt;</c> (list), <c>object?[]</c> (tuple),
/// <c>Dictionary&lt;object, object?&gt;</c> (dict, OrderedDict), <see cref="PickleNamespace"/>,
/// <see cref="PickleStorage"/>, <see cref="PickleTensor"/>. Nothing recurses, and each opcode takes bounded
/// memory, so that the limits below bound the whole.
/// </remarks>
internal sealed class RestrictedUnpickler(byte[] pickle)
{
    public const int LargestPickle = 16 << 20;
    private const int MostOpcodes = 1_000_000;
    private const int MostMarks = 1_000;
    private const int LongestName = 200;
    private const int NewestProtocol = 5;

    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<uint, object?> _memo = [];
    private int _position;

    /// <exception cref="InvalidDataException">
    /// The pickle is malformed, too large or not a plain checkpoint.
    /// </exception>
    public object? Load()
    {
        if (pickle.Length > LargestPickle)
            throw new InvalidDataException(
                $"its pickle has {pickle.Length} bytes; at most {LargestPickle} are read.");
        for (int count = 0; count < MostOpcodes; count++)
        {
            int start = _position;
            byte opcode = Take(1)[0];
            if (opcode == '.')
                return Pop();
            if (!Constant(opcode) && !Container(opcode) && !Memo(opcode) && !Object(opcode))
                throw new InvalidDataException(
                    $"its pickle has the opcode 0x{opcode:X2} at byte {start}, which no checkpoint "
                    + "of the reference uses; refused.");
        }
        throw new InvalidDataException($"its pickle has more than {MostOpcodes} opcodes; refused.");
    }

    // NONE, NEWTRUE, NEWFALSE, BININT, BININT1, BININT2, LONG1, BINFLOAT, BINUNICODE, SHORT_BINUNICODE
    private bool Constant(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'N': Push(null); return true;
            case 0x88: Push(true); return true;
            case 0x89: Push(false); return true;
            case (byte)'J': Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4))); return true;
            case (byte)'K': Push((long)Take(1)[0]); return true;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2))); return true;
            case 0x8A: Push(Long(Take(Take(1)[0]))); return true;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8))); return true;
            case (byte)'X': Push(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))))); return true;
            case 0x8C: Push(Text(Take(Take(1)[0]))); return true;
            default: return false;
        }
    }

    // MARK, EMPTY_LIST, EMPTY_DICT, EMPTY_TUPLE, TUPLE, TUPLE1-3, APPEND, APPENDS, SETITEM, SETITEMS
    private bool Container(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'(':
                if (_marks.Count == MostMarks)
                    throw new InvalidDataException($"its pickle is nested deeper than {MostMarks}; refused.");
                _marks.Push(_stack.Count);
                return true;
            case (byte)']': Push(new List<object?>()); return true;
            case (byte)'}': Push(new Dictionary<object, object?>()); return true;
            case (byte)')': Push(Array.Empty<object?>()); return true;
            case (byte)'t': Push(PopToMark()); return true;
            case 0x85 or 0x86 or 0x87: Push(Pop(opcode - 0x84)); return true;
            case (byte)'a': Append(Pop(1)); return true;
            case (byte)'e': Append(PopToMark()); return true;
            case (byte)'s': SetItems(Pop(2)); return true;
            case (byte)'u': SetItems(PopToMark()); return true;
            default: return false;
        }
    }

    // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
    private bool Memo(byte opcode)
    {
        switch (opcode)
        {
            case (byte)'q': Remember(Take(1)[0]); return true;
            case (byte)'r': Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))); return true;
            case 0x94: Remember((uint)_memo.Count); return true;
            case (byte)'h': Push(Recall(Take(1)[0])); return true;
            case (byte)'j': Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))); return true;
            default: return false;
        }
    }

    // PROTO, FRAME, GLOBAL, INST, STACK_GLOBAL, REDUCE, NEWOBJ, BUILD, BINPERSID
    private bool Object(byte opcode)
    {
        switch (opcode)
        {
            case 0x80:
                if (Take(1)[0] is > NewestProtocol and var protocol)
                    throw new InvalidDataException($"its pickle has the unknown protocol {protocol}.");
                return true;
            case 0x95: Take(8); return true;
            case (byte)'c': Push(PickleGlobals.Find(Line(), Line())); return true;
            case (byte)'i':
                PickleGlobals.Find(Line(), Line());
                return false;
            case 0x93:
                Push(Pop(2) is [string module, string name]
                    ? PickleGlobals.Find(module, name)
                    : throw new InvalidDataException("its pickle has a global without a name; refused."));
                return true;
            case (byte)'R' or 0x81:
                Push(Pop(2) is [PickleGlobal callable, object?[] arguments]
                    ? PickleGlobals.Call(callable, arguments)
                    : throw new InvalidDataException(
                        "its pickle calls something that can't be called; refused."));
                return true;
            case (byte)'b':
                object? state = Pop();
                PickleGlobals.SetAttributes(Top(), state);
                return true;
            case (byte)'Q': Push(PickleGlobals.Storage(Pop())); return true;
            default: return false;
        }
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Top() => _stack.Count > Floor() ? _stack[^1] : throw Underflow();

    private object? Pop() => Pop(1)[0];

    private object?[] Pop(int count)
    {
        if (_stack.Count - Floor() < count)
            throw Underflow();
        object?[] values = [.. _stack.GetRange(_stack.Count - count, count)];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw Underflow();
        object?[] values = Pop(_stack.Count - _marks.Peek());
        _marks.Pop();
        return values;
    }

    private int Floor() => _marks.Count == 0 ? 0 : _marks.Peek();

    private void Append(object?[] values)
    {
        if (Top() is not List<object?> list)
            throw new InvalidDataException("its pickle appends to something else than a list.");
        list.AddRange(values);
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not Dictionary<object, object?> dictionary || items.Length % 2 != 0)
            throw new InvalidDataException("its pickle sets items of something else than a dictionary.");
        for (int i = 0; i < items.Length; i += 2)
            dictionary[PickleGlobals.Key(items[i])] = items[i + 1];
    }

    private void Remember(uint index) => _memo[index] = index < MostOpcodes
        ? Top()
        : throw new InvalidDataException($"its pickle stores a value under the number {index}; refused.");

    private object? Recall(uint index) => _memo.TryGetValue(index, out object? value)
        ? value
        : throw new InvalidDataException($"its pickle recalls the value {index}, which it never stored.");

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > pickle.Length - _position)
            throw new InvalidDataException("its pickle is cut short.");
        var bytes = pickle.AsSpan(_position, (int)count);
        _position += (int)count;
        return bytes;
    }

    private string Line()
    {
        var rest = pickle.AsSpan(_position);
        int length = rest[..Math.Min(rest.Length, LongestName)].IndexOf((byte)'\n');
        if (length < 0)
            throw new InvalidDataException("its pickle has a global without an end to its name.");
        _position += length + 1;
        return Text(rest[..length]);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static long Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
            throw new InvalidDataException("its pickle has a whole number of more than 64 bits.");
        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = value << 8 | bytes[i];
        return value;
    }

    private static InvalidDataException Underflow() =>
        new("its pickle takes more values than it has.");
}
