using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>
/// R independent runs of Algorithm 1 on one grid, pooled with weights proportional to their Z_r: the pooled
/// averages Σ_r Z_r θ_r / Σ_r Z_r and log mean Z_r have a bias that falls with R, and the scatter of the Z_r
/// is an error bar that assumes nothing about families.
/// Source: W. Wang, J. Machta, H. Katzgraber, "Population annealing", Phys. Rev. E 2015.
/// </summary>
/// <remarks>
/// Replica 0 is the run with the seed of the options, bit for bit; the others have seeds derived from it.
/// Slots, and with them families, are numbered on from replica to replica.
/// </remarks>
public sealed class ReplicaEnsemble : IDisposable
{
    private readonly Target _target;
    private readonly RateNetwork? _network;
    private readonly AnnealerOptions _options;
    private readonly Annealer _first;

    /// <param name="target">what is sampled</param>
    /// <param name="network">the learned rates, or null</param>
    /// <param name="options">of every replica; the walkers are those of one replica</param>
    /// <param name="replicas">R</param>
    /// <param name="times">the grid; null: replica 0 chooses by the options, the others follow</param>
    /// <param name="cancellation">of the choice of an adaptive grid</param>
    /// <exception cref="LeapsException">An option is out of range, or the walkers are too many.</exception>
    public ReplicaEnsemble(Target target, RateNetwork? network, AnnealerOptions options, int replicas,
        double[]? times = null, CancellationToken cancellation = default)
    {
        if (replicas < 1)
            throw new LeapsException($"replicas is {replicas}; allowed: 1 or more.");
        options.Validate();
        if ((Int128)replicas * options.Walkers * target.Sites > Array.MaxLength)
            throw new LeapsException(
                $"{replicas} replicas of {options.Walkers} walkers with {target.Sites} sites are too "
                + $"many for one population: use at most {Array.MaxLength / target.Sites} walkers in all.");
        _target = target;
        _network = network;
        _options = options;
        _first = new Annealer(target, network, options, times, cancellation);
        Replicas = replicas;
    }

    public int Replicas { get; }
    public double[] Times => _first.Times;
    public int Windows => _first.Windows;

    public void Dispose() => _first.Dispose();

    /// <summary>Runs the replicas one after the other, each on all threads of the options.</summary>
    /// <param name="onWindow">sees the replica's number and each of its windows as it ends</param>
    /// <param name="cancellation">looked at before each window and inside it</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public EnsembleResult Run(
        Action<int, WindowSummary>? onWindow = null, CancellationToken cancellation = default)
    {
        var summaries = new WindowSummary[Replicas][]; // (replicas, windows)
        Walkers? pooled = null;
        for (int r = 0; r < Replicas; r++)
        {
            using var other = r == 0 ? null : Replica(r);
            var annealer = other ?? _first;
            var state = annealer.Start(firstSlot: (long)r * _options.Walkers);
            summaries[r] = new WindowSummary[Windows];
            while (state.Window < Windows)
            {
                cancellation.ThrowIfCancellationRequested();
                var summary = annealer.Advance(state, cancellation);
                summaries[r][state.Window - 1] = summary;
                onWindow?.Invoke(r, summary);
            }
            pooled = Append(pooled, state, r);
        }
        return EnsembleResult.Of(pooled!, summaries, _options.Resampling);
    }

    private Annealer Replica(int index)
    {
        var options = _options with { Seed = SeedOf(_options.Seed, index) };
        return new Annealer(_target, _network, options, Times);
    }

    /// <summary>The seed of a replica; the first has the run's own.</summary>
    public static ulong SeedOf(ulong seed, int replica) =>
        replica == 0 ? seed : RandomStream.DeriveSeed(seed, RandomPurpose.Replica, replica);

    // Log-weights become a + log(Z/Z_0 gathered at resamplings), which makes replicas comparable.
    private Walkers Append(Walkers? pooled, AnnealingState state, int replica)
    {
        var own = state.Walkers;
        for (int m = 0; m < own.Count; m++)
            own.LogWeights[m] += state.LogNormalizerRatio;
        if (Replicas == 1)
            return own;
        pooled ??= new Walkers(Replicas * own.Count, own.Sites);
        int first = replica * own.Count;
        own.States.CopyTo(pooled.States.AsSpan(first * own.Sites));
        own.LogWeights.CopyTo(pooled.LogWeights.AsSpan(first));
        own.Families.CopyTo(pooled.Families.AsSpan(first));
        return pooled;
    }
}

/// <summary>What one window brought, all replicas together.</summary>
/// <param name="Window">the window</param>
/// <param name="RelativeEss">of the pooled weights Z_r W_m at its end, before any resampling</param>
/// <param name="LogZ">log of the mean of Z_{t,r} at its end</param>
/// <param name="LogZStdErr">its standard error, from the families of each replica</param>
/// <param name="Resampled">the replicas that resampled at its end, ascending</param>
/// <param name="Cost">of this window, summed</param>
public sealed record EnsembleWindow(
    TimeWindow Window, double RelativeEss, double LogZ, double LogZStdErr, int[] Resampled,
    IntegrationCost Cost)
{
    /// <summary>Pools what replicas tell of one window.</summary>
    /// <param name="replicas">(replicas)</param>
    public static EnsembleWindow Of(WindowSummary[] replicas)
    {
        double[] logZ = Array.ConvertAll(replicas, summary => summary.LogZ);
        double[] shares = LogWeights.Normalised(logZ); // Z_r / Σ Z
        double squares = 0, variance = 0;
        var cost = new IntegrationCost();
        for (int r = 0; r < replicas.Length; r++)
        {
            squares += shares[r] * shares[r] / replicas[r].RelativeEss;
            variance += shares[r] * shares[r] * replicas[r].LogZStdErr * replicas[r].LogZStdErr;
            cost += replicas[r].Cost;
        }
        return new EnsembleWindow(
            replicas[0].Window,
            replicas.Length == 1 ? replicas[0].RelativeEss : 1 / (replicas.Length * squares),
            LogWeights.LogMeanExp(logZ),
            Math.Sqrt(variance),
            [.. Enumerable.Range(0, replicas.Length).Where(r => replicas[r].Resampled)],
            cost);
    }
}

/// <summary>The pooled population at t = 1 and how it came about.</summary>
public sealed record EnsembleResult
{
    /// <param name="walkers">as in <see cref="Walkers"/></param>
    /// <param name="summaries">(replicas, windows)</param>
    /// <param name="scheme">of the resamplings</param>
    public static EnsembleResult Of(Walkers walkers, WindowSummary[][] summaries, ResamplingScheme scheme)
    {
        int[] resamplings = Array.ConvertAll(summaries, replica => replica.Count(window => window.Resampled));
        return new EnsembleResult
        {
            Walkers = walkers,
            Windows = [.. Enumerable.Range(0, summaries[0].Length).Select(
                n => EnsembleWindow.Of(Array.ConvertAll(summaries, replica => replica[n])))],
            ReplicaLogZ = Array.ConvertAll(summaries, replica => replica[^1].LogZ),
            Resamplings = resamplings,
            MultinomialResamplings =
                scheme == ResamplingScheme.Multinomial ? resamplings.Sum() / resamplings.Length : 0,
        };
    }

    /// <summary>
    /// All replicas' walkers, (R·M), replica by replica. Their log-weights hold everything: log mean e^a is
    /// the estimate of log(Z_1/Z_0).
    /// </summary>
    public required Walkers Walkers { get; init; }
    public required EnsembleWindow[] Windows { get; init; }

    /// <summary>log Z_1 of each replica, (replicas).</summary>
    public required double[] ReplicaLogZ { get; init; }

    /// <summary>How often each replica resampled, (replicas).</summary>
    public required int[] Resamplings { get; init; }

    /// <summary>
    /// Multinomial resamplings of a replica, the mean rounded down (which errs on the safe side), for
    /// <see cref="Families"/>; 0 with the other schemes.
    /// </summary>
    public required int MultinomialResamplings { get; init; }

    /// <summary>log mean Z_r.</summary>
    public double LogZ => LogWeights.LogMeanExp(ReplicaLogZ);

    /// <summary>
    /// Standard error of <see cref="LogZ"/> from the scatter of the replicas alone: with z_r = R Z_r / Σ Z,
    /// sqrt(Σ_r (z_r - 1)² / (R (R - 1))). NaN for one replica.
    /// </summary>
    public double LogZScatter
    {
        get
        {
            double replicas = ReplicaLogZ.Length, squares = 0;
            foreach (double share in LogWeights.Normalised(ReplicaLogZ))
                squares += (replicas * share - 1) * (replicas * share - 1);
            return Math.Sqrt(squares / (replicas * (replicas - 1)));
        }
    }

    public IntegrationCost Cost =>
        Windows.Aggregate(new IntegrationCost(), (sum, window) => sum + window.Cost);
}
