namespace Leaps.Model.Storage;

/// <summary>NumPy's npz files: zip files of npy arrays.</summary>
public static class NpzFile
{
    private const string Extension = ".npy";

    /// <summary>More data than this is refused unless the caller allows it: 4 GiB.</summary>
    public const long DefaultLargestData = 1L << 32;

    /// <param name="path">of the file</param>
    /// <param name="largestData">bytes of all arrays together</param>
    /// <param name="example">an array that the file should have, for the advice of an error</param>
    /// <exception cref="LeapsException">The file can't be read or is not a sound npz file.</exception>
    public static TensorFile Read(
        string path, long largestData = DefaultLargestData, string example = "name") =>
        DataFile.Read(path, stream => Read(stream, largestData, example));

    /// <inheritdoc cref="Read(string, long, string)"/>
    /// <exception cref="InvalidDataException">The stream is not a sound npz file.</exception>
    public static TensorFile Read(
        Stream stream, long largestData = DefaultLargestData, string example = "name")
    {
        if (stream.CanSeek && NpyFormat.IsAt(stream))
            throw new InvalidDataException("it is a .npy, a single array; make an .npz of it in Python: "
                + $"numpy.savez('new.npz', {example}=numpy.load('old.npy'))");
        using var zip = new ZipReader(stream);
        var tensors = new List<NamedTensor>();
        foreach (string entry in zip.Names)
        {
            if (!entry.EndsWith(Extension, StringComparison.Ordinal))
                throw new InvalidDataException($"'{entry}' in it is not an npy array.");
            byte[] bytes = zip.Read(entry, largestData);
            largestData -= bytes.Length;
            tensors.Add(NpyFormat.Parse(entry[..^Extension.Length], bytes));
        }
        return new TensorFile(tensors);
    }

    /// <summary>Writes the file whole or not at all. Equal content gives equal bytes.</summary>
    /// <exception cref="LeapsException">The file can't be written.</exception>
    public static void Write(string path, IEnumerable<NamedTensor> tensors, bool refuseExisting = false) =>
        AtomicFile.Write(path, stream =>
        {
            using var npz = new NpzWriter(stream);
            foreach (var tensor in tensors)
                npz.Write(tensor);
        }, refuseExisting);
}
