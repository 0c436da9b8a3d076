namespace Leaps.Model.Devices.Cuda;

/// <summary>How many walkers go to a GPU at once: as many as its free memory holds.</summary>
internal static class MemoryBudget
{
    // The rest is left to other streams, to the driver (kernels for more than 64 channels take up to 11.5 KB
    // of local memory a thread, for all threads that the GPU can hold: 2.5 GB on an A100), and to whoever
    // shares the GPU.
    private const double UsedPart = 0.8;

    // Columns of a batch are counted in 32 bits.
    private const long MostColumns = 1L << 30;

    /// <summary>The batch, at most as many walkers as wanted.</summary>
    /// <param name="wanted">walkers</param>
    /// <param name="sites">of a walker</param>
    /// <param name="fixedBytes">needed whatever the batch</param>
    /// <param name="bytesOfWalker">of the buffers of one walker</param>
    /// <param name="freeBytes">of the GPU, what these buffers already hold included</param>
    /// <param name="device">the GPU, for the message</param>
    /// <exception cref="LeapsException">Not even one walker fits.</exception>
    public static int Walkers(
        int wanted, int sites, long fixedBytes, long bytesOfWalker, long freeBytes, string device)
    {
        long fits = ((long)(UsedPart * freeBytes) - fixedBytes) / bytesOfWalker;
        if (fits < 1)
        {
            const double mib = 1 << 20;
            throw new LeapsException(FormattableString.Invariant(
                $"{device}: one walker of this network needs {(fixedBytes + bytesOfWalker) / mib:F1} MiB, ")
                + FormattableString.Invariant($"{freeBytes / mib:F1} MiB of the GPU are free: end other ")
                + "programs on it, use a smaller network, or --device cpu.")
            { IsOfDevice = true };
        }
        return (int)Math.Min(wanted, Math.Min(fits, Math.Max(1, MostColumns / sites)));
    }
}
