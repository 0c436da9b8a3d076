namespace Leaps.Host.Report;

/// <summary>Final states of some walkers, drawn as small pictures.</summary>
public sealed record LatticeSamples
{
    /// <summary>Pictures that a report shows at most.</summary>
    public const int MaximumSamples = 24;

    public required int Rows { get; init; }
    public required int Columns { get; init; }

    /// <summary>States of a site, q; 2 for Ising.</summary>
    public required int States { get; init; }

    /// <summary>
    /// States of the walkers, each (rows × columns), row by row, values 0 … q-1. Base64 in the page.
    /// </summary>
    public required IReadOnlyList<byte[]> Samples { get; init; }

    /// <summary>
    /// Weights of these walkers, normalised so that those of the whole population sum to one.
    /// </summary>
    public double[]? Weights { get; init; }

    /// <summary>Names of the states, (q), for example "−1" and "+1"; their numbers when null.</summary>
    public IReadOnlyList<string>? StateLabels { get; init; }

    internal void Check()
    {
        if (Weights is not null && Weights.Length != Samples.Count)
            throw new ArgumentException($"{Samples.Count} lattices have {Weights.Length} weights.");
        foreach (byte[] sample in Samples)
        {
            if (sample.Length != Rows * Columns)
                throw new ArgumentException($"A {Rows}×{Columns} lattice has {sample.Length} states.");
            if (sample.AsSpan().ContainsAnyExceptInRange((byte)0, checked((byte)(States - 1))))
                throw new ArgumentException($"A site's state is not in 0 … {States - 1}.");
        }
    }

    /// <summary>
    /// The first lattices, as many as have at most this many sites together (but at least one).
    /// </summary>
    internal LatticeSamples Thinned(int maximumSites)
    {
        int kept = Math.Clamp(maximumSites / (Rows * Columns), 1, MaximumSamples);
        return kept >= Samples.Count
            ? this
            : this with { Samples = [.. Samples.Take(kept)], Weights = Weights?[..kept] };
    }
}
