namespace Leaps.Model.Storage.Import;

/// <summary>The classes and functions that a reference checkpoint needs; no other is known.</summary>
internal enum PickleGlobal
{
    Namespace,
    FloatStorage,
    RebuildTensor,
    OrderedDict,
}

/// <summary>
/// Finds globals by name, and does what they do when they are called. Nothing is ever executed.
/// </summary>
internal static class PickleGlobals
{
    private const long LargestKey = 1_000_000;

    /// <exception cref="InvalidDataException">
    /// The global is not one of the four; the message names it.
    /// </exception>
    public static PickleGlobal Find(string module, string name) => (module, name) switch
    {
        ("argparse", "Namespace") => PickleGlobal.Namespace,
        ("torch", "FloatStorage") => PickleGlobal.FloatStorage,
        ("torch._utils", "_rebuild_tensor_v2") => PickleGlobal.RebuildTensor,
        ("collections", "OrderedDict") => PickleGlobal.OrderedDict,
        _ => throw new InvalidDataException(
            $"it uses {module}.{name}, which no checkpoint of the reference needs and which may run a "
            + "program; refused."),
    };

    /// <summary>The opcode REDUCE: callable(*arguments).</summary>
    /// <exception cref="InvalidDataException">These arguments are not what the callable takes.</exception>
    public static object Call(PickleGlobal callable, object?[] arguments) => (callable, arguments) switch
    {
        (PickleGlobal.OrderedDict, []) => new Dictionary<object, object?>(),
        (PickleGlobal.OrderedDict, [List<object?> items]) => Dictionary(items),
        (PickleGlobal.Namespace, []) => new PickleNamespace(),
        (PickleGlobal.RebuildTensor,
            [PickleStorage storage, long offset, object?[] shape, object?[] stride, ..]) =>
            PickleTensor.Create(storage, offset, shape, stride),
        _ => throw new InvalidDataException($"it calls {callable} with arguments that are not understood."),
    };

    /// <summary>The opcode BINPERSID: ('storage', torch.FloatStorage, key, device, elements).</summary>
    /// <exception cref="InvalidDataException">The identifier has another form.</exception>
    public static PickleStorage Storage(object? identifier)
    {
        if (identifier is not object?[] parts || parts is not
            ["storage", PickleGlobal.FloatStorage, string key, string, long elements and >= 0])
            throw new InvalidDataException("it refers to something else than a stored float32 tensor.");
        if (key.Length is 0 or > 20 || !key.All(char.IsAsciiDigit))
            throw new InvalidDataException($"it has a storage called '{key}'; such names are numbers.");
        return new PickleStorage(key, elements);
    }

    /// <summary>The opcode BUILD: sets attributes.</summary>
    /// <exception cref="InvalidDataException">
    /// The object has no attributes, or they have no names.
    /// </exception>
    public static void SetAttributes(object? target, object? state)
    {
        if (state is not Dictionary<object, object?> attributes)
            throw new InvalidDataException("it sets attributes that are not a dictionary.");
        if (target is Dictionary<object, object?>)
            return;     // an OrderedDict's own attributes (the state dict's '_metadata') say nothing we need
        if (target is not PickleNamespace holder)
            throw new InvalidDataException("it sets attributes of something that has none.");
        foreach (var (key, value) in attributes)
            holder.Attributes[key as string ?? throw new InvalidDataException(
                "it has an attribute without a name.")] = value;
    }

    /// <summary>
    /// A key of a dictionary: text, or a whole number, kept small so that keys can't be made to collide.
    /// </summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static object Key(object? value) => value is string or long and >= 0 and <= LargestKey
        ? value
        : throw new InvalidDataException(
            $"it has a dictionary key that is neither text nor a number from 0 to {LargestKey}.");

    private static Dictionary<object, object?> Dictionary(List<object?> items)
    {
        var dictionary = new Dictionary<object, object?>();
        foreach (object? item in items)
        {
            if (item is not IReadOnlyList<object?> { Count: 2 } pair)
                throw new InvalidDataException("it builds a dictionary from something else than pairs.");
            dictionary[Key(pair[0])] = pair[1];
        }
        return dictionary;
    }
}
