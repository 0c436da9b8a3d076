using Leaps.Model.Devices;
using Leaps.Model.Targets;

namespace Leaps.Model.Sampling;

/// <summary>What moving some walkers through a window cost.</summary>
/// <param name="Evaluations">network evaluations, one a walker and event</param>
/// <param name="Jumps">sites changed by the chain</param>
public readonly record struct IntegrationCost(long Evaluations, long Jumps)
{
    public static IntegrationCost operator +(IntegrationCost left, IntegrationCost right) =>
        new(left.Evaluations + right.Evaluations, left.Jumps + right.Jumps);
}

/// <summary>
/// Moves walkers through a window of annealing time by the learned chain and adds to their log-weights.
/// An instance serves one thread and one block of at most <see cref="BlockWalkers"/> walkers at a time;
/// after warm-up it allocates nothing. Without a network the walkers rest and only the weights grow.
/// </summary>
public abstract class Integrator
{
    private const int TargetColumns = 2048;

    protected Integrator(Target target, RateEvaluator? evaluator, ulong seed)
    {
        Target = target;
        Evaluator = evaluator;
        Seed = seed;
        BlockWalkers = BlockSize(target);
    }

    public Target Target { get; }
    public int BlockWalkers { get; }
    protected RateEvaluator? Evaluator { get; }
    protected ulong Seed { get; }

    /// <summary>
    /// Walkers that go through a window together: enough to keep the device's blocks dense.
    /// </summary>
    public static int BlockSize(Target target) => Math.Clamp(TargetColumns / target.Sites, 4, 128);

    public static Integrator Create(IntegratorKind kind, Target target, RateEvaluator? evaluator,
        ulong seed) =>
        kind == IntegratorKind.Exact
            ? new ExactIntegrator(target, evaluator, seed)
            : new EulerIntegrator(target, evaluator, seed);

    /// <summary>Moves walkers first … first + count - 1 through the window.</summary>
    /// <exception cref="LeapsException">
    /// A rate or weight is not finite; the message names walker, window and term.
    /// </exception>
    public abstract IntegrationCost Advance(Walkers walkers, int first, int count, TimeWindow window);

    protected static LeapsException NotUsable(long slot, TimeWindow window, string term, double value) => new(
        FormattableString.Invariant(
            $"Walker {slot}, window {window.Index} (t = {window.Start:G4} to {window.End:G4}): ")
        + FormattableString.Invariant($"{term} is {value}. ")
        + "The run can't go on: check the couplings, or train with a smaller learning rate.");
}
