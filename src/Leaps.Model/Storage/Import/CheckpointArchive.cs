using System.Runtime.InteropServices;
using System.Text;

namespace Leaps.Model.Storage.Import;

/// <summary>
/// A checkpoint in PyTorch's zip format: <c>name/data.pkl</c> with the objects, <c>name/data/key</c> with the
/// numbers of each storage, <c>name/byteorder</c> (absent in old files, which are little-endian).
/// </summary>
internal sealed class CheckpointArchive : IDisposable
{
    private const string PickleName = "data.pkl";
    private readonly ZipReader _zip;
    private readonly string _folder;

    /// <exception cref="InvalidDataException">The stream is not such an archive.</exception>
    public CheckpointArchive(Stream stream)
    {
        _zip = new ZipReader(stream);
        string[] pickles = [.. _zip.Names.Where(name =>
            name == PickleName || name.EndsWith("/" + PickleName, StringComparison.Ordinal))];
        if (pickles.Length != 1)
            throw new InvalidDataException(
                $"it holds {pickles.Length} files {PickleName}, not one: not a checkpoint of PyTorch.");
        _folder = pickles[0][..^PickleName.Length];
        string byteOrder = _folder + "byteorder";
        string order = _zip.Contains(byteOrder)
            ? Encoding.ASCII.GetString(_zip.Read(byteOrder, 16))
            : "little";
        if (order.Trim() != "little")
            throw new InvalidDataException(
                $"its byte order is '{order}'; only 'little' is read. Save it again on a little-endian "
                + "machine.");
    }

    /// <summary>The objects, with <see cref="PickleTensor"/> in place of tensors.</summary>
    /// <exception cref="InvalidDataException">The pickle is refused.</exception>
    public object? Load() =>
        new RestrictedUnpickler(_zip.Read(_folder + PickleName, RestrictedUnpickler.LargestPickle)).Load();

    /// <summary>The elements of a tensor, row-major.</summary>
    /// <exception cref="InvalidDataException">Its storage is absent, damaged or of another size.</exception>
    public double[] Read(PickleTensor tensor)
    {
        string entry = $"{_folder}data/{tensor.Storage.Key}";
        long length = _zip.Length(entry);
        if (tensor.Storage.Elements != length / sizeof(float) || length % sizeof(float) != 0)
            throw new InvalidDataException(
                $"'{entry}' has {length} bytes; {tensor.Storage.Elements} float32 numbers are announced.");
        byte[] bytes = _zip.Read(entry, length);
        return tensor.Gather(MemoryMarshal.Cast<byte, float>(bytes));
    }

    public void Dispose() => _zip.Dispose();
}
