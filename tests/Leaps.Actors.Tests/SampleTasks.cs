using Leaps.Actors.Tests.Protocol;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Tests;

/// <summary>Small samplings for tests of the actors' states.</summary>
internal static class SampleTasks
{
    public const ulong Seed = 11;

    /// <param name="groups">of each replica</param>
    /// <param name="replicas">independent populations</param>
    /// <param name="walkers">of each replica</param>
    /// <param name="windows">of the grid</param>
    /// <param name="runAhead">windows beyond the last settled one</param>
    /// <param name="threshold">relative ESS to resample at</param>
    /// <param name="scheme">of resampling</param>
    /// <param name="standardError">to stop at; 0: all replicas</param>
    public static SamplingTask Small(int groups = 2, int replicas = 1, int walkers = 14, int windows = 6,
        int runAhead = 3, double threshold = 0.5, ResamplingScheme scheme = ResamplingScheme.Systematic,
        double standardError = 0)
    {
        var options = new AnnealerOptions
        {
            Walkers = walkers,
            Groups = groups,
            Windows = windows,
            ResamplingThreshold = threshold,
            Resampling = scheme,
            Seed = Seed,
        };
        return new SamplingTask(SampleMessages.Ising, options, TimeGrid.Uniform(windows), replicas)
        {
            RunAhead = runAhead,
            TargetStandardError = standardError,
        };
    }
}
