using System.Globalization;

namespace Leaps.Model.Storage;

/// <summary>
/// Parser of the dictionary in an npy header, the part of Python's literals that NumPy writes there:
/// quoted strings, True, False and tuples of whole numbers.
/// </summary>
internal sealed class NpyHeader(string name, string text)
{
    private const int MostDimensions = 32;
    private int _position;

    /// <exception cref="InvalidDataException">
    /// It is malformed, or the array is of a kind that is not read.
    /// </exception>
    public (ElementType Type, int[] Shape) Parse()
    {
        string? descriptor = null;
        bool? fortranOrder = null;
        int[]? shape = null;
        Expect('{');
        while (Peek() != '}')
        {
            string key = ReadString();
            Expect(':');
            if (key == "descr" && descriptor is null)
                descriptor = Peek() == '[' ? throw Refused(
                    "holds records, which Leaps does not read") : ReadString();
            else if (key == "fortran_order" && fortranOrder is null)
                fortranOrder = ReadBoolean();
            else if (key == "shape" && shape is null)
                shape = ReadShape();
            else
                throw Malformed();
            if (Peek() != '}')
                Expect(',');
        }
        Expect('}');
        if (_position != text.Length && text.AsSpan(_position).Trim().Length > 0)
            throw Malformed();
        if (descriptor is null || fortranOrder is null || shape is null)
            throw Malformed();
        if (descriptor.Contains('O', StringComparison.Ordinal))
            throw Refused("holds pickled Python objects, which Leaps never reads");
        if (fortranOrder == true)
            throw Refused("is in Fortran order: save it with numpy.ascontiguousarray");
        var type = ElementTypes.FromNpyDescriptor(descriptor)
            ?? throw Refused($"has elements of type '{descriptor}', which Leaps does not read");
        return (type, shape);
    }

    private int[] ReadShape()
    {
        var sides = new List<int>();
        Expect('(');
        while (Peek() != ')')
        {
            int start = _position;
            while (_position < text.Length && char.IsAsciiDigit(text[_position]))
                _position++;
            if (!int.TryParse(text.AsSpan(start, _position - start), NumberStyles.None,
                    CultureInfo.InvariantCulture, out int side))
                throw Malformed();
            sides.Add(side);
            if (sides.Count > MostDimensions)
                throw Refused($"has more than {MostDimensions} dimensions");
            if (Peek() != ')')
                Expect(',');
        }
        Expect(')');
        return [.. sides];
    }

    private string ReadString()
    {
        char quote = Peek();
        if (quote is not ('\'' or '"'))
            throw Malformed();
        int end = text.IndexOf(quote, _position + 1);
        if (end < 0)
            throw Malformed();
        string value = text[(_position + 1)..end];
        _position = end + 1;
        return value;
    }

    private bool ReadBoolean()
    {
        Peek();
        bool value = Follows("True");
        if (!value && !Follows("False"))
            throw Malformed();
        _position += value ? 4 : 5;
        return value;
    }

    private bool Follows(string word) => string.CompareOrdinal(text, _position, word, 0, word.Length) == 0;

    private char Peek()
    {
        while (_position < text.Length && text[_position] is ' ' or '\n')
            _position++;
        return _position < text.Length ? text[_position] : throw Malformed();
    }

    private void Expect(char wanted)
    {
        if (Peek() != wanted)
            throw Malformed();
        _position++;
    }

    private InvalidDataException Malformed() => Refused("has a malformed npy header");

    private InvalidDataException Refused(string what) => new($"'{name}' {what}.");
}
