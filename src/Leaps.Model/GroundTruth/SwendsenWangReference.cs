using Leaps.Model.Random;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.GroundTruth;

/// <summary>
/// Averages at t = 1 where nothing exact exists: independent Swendsen–Wang chains from uniform states, with
/// standard errors from bins (jackknife over all bins, which for a mean is the ordinary binning error).
/// </summary>
public static class SwendsenWangReference
{
    // Columns of a bin: U, U², bonds, |m|, m², m⁴, then equal pairs by distance, then counts by order.
    private const int Moments = 6;

    /// <summary>Runs the chains. The result depends on the seed and the options, not on threads.</summary>
    /// <exception cref="LeapsException">An option is out of range, or β_1 J_1 is negative.</exception>
    public static ReferenceAverages Run(
        Target target, ReferenceRunOptions options, CancellationToken cancellation = default)
    {
        options.Validate();
        new SwendsenWang(target).Prepare(1); // refuses here, not on another thread
        var bins = new double[options.Chains * options.BinsPerChain][];
        var parallel = new ParallelOptions
        {
            CancellationToken = cancellation,
            MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads,
        };
        Parallel.For(0, options.Chains, parallel, chain =>
            RunChain(target, options, chain, bins, cancellation));
        return Summarise(target, options, bins);
    }

    private static void RunChain(
        Target target, ReferenceRunOptions options, int chain, double[][] bins,
        CancellationToken cancellation)
    {
        var kernel = new SwendsenWang(target);
        kernel.Prepare(1);
        var state = new byte[target.Sites];
        var stream = new RandomStream(options.Seed, RandomPurpose.GroundTruth, chain);
        foreach (ref byte value in state.AsSpan())
            value = (byte)stream.NextInt(target.States);

        // A stream of its own for every sweep: none can run out of words.
        int step = 0;
        void Sweep()
        {
            var own = new RandomStream(options.Seed, RandomPurpose.GroundTruth, chain, ++step);
            kernel.Sweep(state, ref own);
        }

        for (int sweep = 0; sweep < options.ThermalisationSweeps; sweep++)
            Sweep();
        int distances = target.Lattice.Columns / 2 + 1;
        for (int bin = 0; bin < options.BinsPerChain; bin++)
        {
            cancellation.ThrowIfCancellationRequested();
            int length = Boundary(bin + 1) - Boundary(bin);
            var sums = new double[Moments + distances + target.Sites + 1];
            for (int sweep = 0; sweep < length; sweep++)
            {
                Sweep();
                Measure(target, state, sums, distances);
            }
            for (int column = 0; column < sums.Length; column++)
                sums[column] /= length;
            bins[chain * options.BinsPerChain + bin] = sums;
        }

        int Boundary(int bin) => (int)((long)options.SweepsPerChain * bin / options.BinsPerChain);
    }

    private static void Measure(Target target, byte[] state, double[] sums, int distances)
    {
        var (bonds, _) = target.Statistics(state);
        double energy = target.Energy(state, 1);
        int order = Order(target, state);
        double m = OrderParameter(target, order);
        sums[0] += energy;
        sums[1] += energy * energy;
        sums[2] += bonds;
        sums[3] += Math.Abs(m);
        sums[4] += m * m;
        sums[5] += m * m * m * m;
        int columns = target.Lattice.Columns;
        for (int r = 0; r < distances; r++)
        {
            int equal = 0;
            for (int row = 0; row < state.Length; row += columns)
            {
                int other = row + r;
                for (int i = row; i < row + columns; i++)
                {
                    equal += state[i] == state[other] ? 1 : 0;
                    other = other + 1 == row + columns ? row : other + 1;
                }
            }
            sums[Moments + r] += (double)equal / state.Length;
        }
        sums[Moments + distances + order]++;
    }

    // Sites up (Ising), or the largest number of sites with one value (Potts): 0 … sites.
    private static int Order(Target target, byte[] state)
    {
        Span<int> population = stackalloc int[target.States];
        population.Clear();
        int largest = 0;
        foreach (byte value in state)
            largest = Math.Max(largest, ++population[value]);
        return target is IsingTarget ? population[1] : largest;
    }

    private static double OrderParameter(Target target, int order)
    {
        double share = (double)order / target.Sites;
        return target is IsingTarget ? 2 * share - 1 : (target.States * share - 1) / (target.States - 1);
    }

    private static ReferenceAverages Summarise(Target target, ReferenceRunOptions options, double[][] bins)
    {
        double sites = target.Sites, q = target.States;
        int distances = target.Lattice.Columns / 2 + 1;
        var mean = new double[bins[0].Length];
        foreach (double[] bin in bins)
        {
            for (int column = 0; column < mean.Length; column++)
                mean[column] += bin[column] / bins.Length;
        }
        int firstOrder = Moments + distances;
        return new ReferenceAverages
        {
            EnergyPerSite = Jackknife(bins, mean, x => -x(2) / sites),
            SpecificHeat = Jackknife(bins, mean, x => (x(1) - x(0) * x(0)) / sites),
            OrderParameter = Jackknife(bins, mean, x => x(3)),
            SecondMoment = Jackknife(bins, mean, x => x(4)),
            FourthMoment = Jackknife(bins, mean, x => x(5)),
            BinderCumulant = Jackknife(bins, mean, x => 1 - x(5) / (3 * x(4) * x(4))),
            Distribution = [.. Enumerable.Range(0, target.Sites + 1)
                .Where(order => mean[firstOrder + order] > 0)
                .Select(order => (
                    OrderParameter(target, order), Jackknife(bins, mean, x => x(firstOrder + order))))],
            Correlation = [.. Enumerable.Range(0, distances)
                .Select(r => Jackknife(bins, mean, x => (q * x(Moments + r) - 1) / (q - 1)))],
            Sweeps = (long)options.Chains * options.SweepsPerChain,
        };
    }

    // f of the means of all bins, and its error from the spread of f over the means with one bin left out.
    private static ReferenceEstimate Jackknife(
        double[][] bins, double[] mean, Func<Func<int, double>, double> statistic)
    {
        int count = bins.Length;
        var left = new double[count];
        for (int b = 0; b < count; b++)
        {
            double[] bin = bins[b];
            left[b] = statistic(column => (count * mean[column] - bin[column]) / (count - 1));
        }
        double average = left.Average();
        double variance = left.Sum(value => (value - average) * (value - average)) * (count - 1) / count;
        return new ReferenceEstimate(statistic(column => mean[column]), Math.Sqrt(variance));
    }
}
