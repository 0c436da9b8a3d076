using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Storage;

/// <summary>
/// The weighted samples of a run, <c>samples.npz</c>: <c>states</c> int8 (walkers, rows, columns), spins ±1
/// for Ising and values 0 … q-1 for Potts; <c>log_weights</c> float64 (walkers); <c>families</c> int32
/// (walkers).
/// </summary>
public static class SamplesFile
{
    private const int ChunkBytes = 1 << 18;
    private const string States = "states", LogWeights = "log_weights", Families = "families";

    /// <summary>Writes the file whole or not at all. Equal walkers give equal bytes.</summary>
    /// <exception cref="LeapsException">The file can't be written.</exception>
    public static void Write(string path, Target target, Walkers walkers, bool refuseExisting = false)
    {
        if (walkers.Sites != target.Sites)
            throw new ArgumentException(
                $"Walkers of {walkers.Sites} sites do not belong to {target.Lattice}.");
        AtomicFile.Write(path, stream =>
        {
            using var npz = new NpzWriter(stream);
            npz.Write<sbyte>(States, [walkers.Count, target.Lattice.Rows, target.Lattice.Columns],
                Values(target, walkers));
            npz.Write<double>(LogWeights, [walkers.Count], walkers.LogWeights);
            npz.Write<int>(Families, [walkers.Count], walkers.Families);
        }, refuseExisting);
    }

    /// <summary>The walkers that <see cref="Write"/> wrote.</summary>
    /// <exception cref="LeapsException">The file is not sound, or does not belong to the target.</exception>
    public static Walkers Read(string path, Target target) => DataFile.Read(path, stream =>
    {
        var file = NpzFile.Read(stream);
        var states = file[States];
        if (states.Shape is not [int count, int rows, int columns] || count < 1
            || rows != target.Lattice.Rows || columns != target.Lattice.Columns)
            throw new InvalidDataException(
                $"its states are {states.Describe()}; the target has {target.Lattice}.");
        foreach (string name in (string[])[LogWeights, Families])
        {
            if (file[name].Shape is not [int length] || length != count)
                throw new InvalidDataException(
                    $"'{name}' is {file[name].Describe()}; there are {count} states.");
        }
        var walkers = new Walkers(count, target.Sites);
        bool spins = target is IsingTarget;
        var values = states.As<sbyte>();
        for (int i = 0; i < values.Length; i++)
        {
            int value = spins && values[i] is 1 or -1 ? (values[i] + 1) / 2 : values[i];
            if (value < 0 || value >= target.States || spins && values[i] == 0)
                throw new InvalidDataException(
                    $"the state of walker {i / target.Sites} holds {values[i]}, which is no value of "
                    + $"{target.Name}.");
            walkers.States[i] = (byte)value;
        }
        file[LogWeights].As<double>().CopyTo(walkers.LogWeights);
        file[Families].As<int>().CopyTo(walkers.Families);
        return walkers;
    });

    private static IEnumerable<ReadOnlyMemory<sbyte>> Values(Target target, Walkers walkers)
    {
        int walkersAtOnce = Math.Max(1, ChunkBytes / target.Sites);
        var chunk = new sbyte[walkersAtOnce * target.Sites];
        bool spins = target is IsingTarget;
        for (int first = 0; first < walkers.Count; first += walkersAtOnce)
        {
            int length = Math.Min(walkersAtOnce, walkers.Count - first) * target.Sites;
            var values = walkers.States.AsSpan(first * target.Sites, length);
            for (int i = 0; i < length; i++)
                chunk[i] = (sbyte)(spins ? 2 * values[i] - 1 : values[i]);
            yield return chunk.AsMemory(0, length);
        }
    }
}
