using System.Globalization;
using Leaps.Model;
using Leaps.Model.Devices;

namespace Leaps.Host.Configuration;

/// <summary>The value of one key, to be read as the type that the key asks for.</summary>
internal readonly record struct ConfigValue(ConfigNode Node, string Path)
{
    public Origin Origin => Node.Origin;

    public LeapsException Error(string expected) =>
        Origin.Error($"'{Path}' must be {expected}, not {Node.Description}");

    public string Text()
    {
        if (Node is not ScalarNode { Text.Length: > 0 } scalar || scalar.Text.Any(char.IsControl))
            throw Error("a text of one line");
        return scalar.Text;
    }

    public bool Flag() => Node is ScalarNode { Plain: true } scalar
        ? scalar.Text switch
        {
            "true" or "True" or "TRUE" => true,
            "false" or "False" or "FALSE" => false,
            _ => throw Error("true or false"),
        }
        : throw Error("true or false");

    /// <summary>A finite number.</summary>
    public double Number() =>
        TryNumber(out double value) && double.IsFinite(value) ? value : throw Error("a finite number");

    /// <summary>A whole number; 1e6 counts as one.</summary>
    public int Integer()
    {
        if (!TryNumber(out double value) || value != Math.Floor(value))
            throw Error("a whole number");
        if (Math.Abs(value) > int.MaxValue)
            throw Error($"a whole number of at most {int.MaxValue}");
        return (int)value;
    }

    /// <summary>A number with its unit, such as 90s or 2h; or 0.</summary>
    public TimeSpan Duration() => Node is ScalarNode scalar
        && Configuration.Duration.TryParse(scalar.Text, out var value)
        ? value : throw Error(Configuration.Duration.Expected);

    /// <summary>A number of bytes with its unit, such as 64MiB.</summary>
    public long Size() => Node is ScalarNode scalar && ByteSize.TryParse(scalar.Text, out long value)
        ? value : throw Error(ByteSize.Expected);

    public ulong Seed() => Node is ScalarNode { Plain: true } scalar
        && ulong.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
        ? value : throw Error($"a whole number from 0 to {ulong.MaxValue}");

    public T OneOf<T>() where T : struct, Enum
    {
        string names = string.Join(", ", Choice.Names<T>());
        return Node is ScalarNode scalar && Choice.TryParse(scalar.Text, out T value)
            ? value : throw Error($"one of {names}");
    }

    /// <summary>cpu, cuda, cuda:0,1 or auto.</summary>
    public DeviceSelection Device()
    {
        string text = Text();
        return Origin.Guard(() => DeviceSelection.Parse(text));
    }

    /// <summary>One number, the same at both ends, or the two values at t = 0 and t = 1.</summary>
    public Ramp Ramp()
    {
        if (Node is not SequenceNode)
            return Configuration.Ramp.Constant(Number());
        var items = Items("one number, or two [at t = 0, at t = 1]");
        if (items.Count != 2)
            throw Error("one number, or two [at t = 0, at t = 1]");
        return new Ramp(items[0].Number(), items[1].Number());
    }

    /// <summary>One whole number for both sides, or [rows, columns].</summary>
    public (int Rows, int Columns) Sides()
    {
        if (Node is not SequenceNode)
            return (Integer(), Integer());
        var items = Items("a whole number, or [rows, columns]");
        if (items.Count != 2)
            throw Error("a whole number, or [rows, columns]");
        return (items[0].Integer(), items[1].Integer());
    }

    public IReadOnlyList<ConfigValue> Items(string expected)
    {
        string path = Path;
        return Node is SequenceNode list
            ? [.. list.Items.Select((item, index) => new ConfigValue(item, $"{path}[{index}]"))]
            : throw Error(expected);
    }

    private bool TryNumber(out double value)
    {
        value = 0;
        return Node is ScalarNode { Plain: true } scalar
            && double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }
}
