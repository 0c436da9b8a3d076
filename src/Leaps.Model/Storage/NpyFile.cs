namespace Leaps.Model.Storage;

/// <summary>NumPy's npy files: one array each.</summary>
public static class NpyFile
{
    /// <summary>The array, named after the file.</summary>
    /// <exception cref="LeapsException">The file can't be read or is not a sound npy file.</exception>
    public static NamedTensor Read(string path) => DataFile.Read(path, stream =>
    {
        if (stream.Length > Array.MaxLength)
            throw new InvalidDataException(
                $"it has {stream.Length} bytes; at most {Array.MaxLength} are read.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return NpyFormat.Parse(Path.GetFileNameWithoutExtension(path), bytes);
    });

    /// <summary>Writes the file whole or not at all.</summary>
    /// <exception cref="LeapsException">The file can't be written.</exception>
    public static void Write(string path, NamedTensor tensor, bool refuseExisting = false) =>
        AtomicFile.Write(path, stream =>
        {
            stream.Write(NpyFormat.Header(tensor.Type, tensor.Shape));
            stream.Write(tensor.Data.Span);
        }, refuseExisting);
}
