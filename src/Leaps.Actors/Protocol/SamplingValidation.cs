using Leaps.Model.Sampling;

namespace Leaps.Actors.Protocol;

/// <summary>
/// What leaps.proto promises of the parts that messages and events share: samplings and the groups' weights.
/// Throws <see cref="ProtocolException"/>.
/// </summary>
internal static class SamplingValidation
{
    public const double Rounding = 1 + 1e-9;
    public const int MostReplicas = 10_000;

    /// <summary>The message describes a sampling that can be run.</summary>
    public static void Check(SamplingSpecification? sampling, FieldChecks checks)
    {
        if (sampling is null)
            throw checks.Wrong("sampling is missing.");
        checks.Range("replicas", sampling.Replicas, 1, MostReplicas);
        checks.Range("walkers", sampling.Walkers, 1, int.MaxValue / sampling.Replicas);
        checks.Range("groups", sampling.Groups, 1, Math.Min(sampling.Walkers, WalkerGroups.Most));
        checks.Range("run_ahead", sampling.RunAhead, 1, 1_000_000);
        checks.Range("target_standard_error", sampling.TargetStandardError, 0, double.MaxValue);
        if (sampling.Times.Count < 2)
            throw checks.Wrong("times has no window; at least two times are needed.");
        checks.Times("times", sampling.Times, strictly: true);
        checks.Digest("parameters", sampling.Parameters, optional: true);
        Check(sampling.Target, checks);
        Check(sampling.Options, checks);
        try
        {
            _ = sampling.Task;
        }
        catch (ProtocolException error)
        {
            throw checks.Wrong(error.Message);
        }
    }

    private static void Check(TargetSpecification? target, FieldChecks checks)
    {
        if (target is null)
            throw checks.Wrong("target is missing.");
        checks.Chosen("target.kind", target.Kind);
        checks.Chosen("target.shape", target.Shape);
        checks.Range("target.rows", target.Rows, 1, 4096);
        checks.Range("target.columns", target.Columns, 1, 4096);
        checks.Range("target.states", target.States, 2, 256);
        if (target.Kind == TargetSpecification.Types.Kind.Ising && target.States != 2)
            throw checks.Wrong($"target.states is {target.States}; an Ising site has 2.");
        checks.Finite("target.switch_value", target.SwitchValue);
        Check("target.start", target.Start, checks);
        Check("target.end", target.End, checks);
    }

    private static void Check(string field, CouplingValues? couplings, FieldChecks checks)
    {
        if (couplings is null)
            throw checks.Wrong($"{field} is missing.");
        checks.Finite(field + ".j", couplings.J);
        checks.Finite(field + ".field", couplings.Field);
        checks.Finite(field + ".moment", couplings.Moment);
        checks.Finite(field + ".inverse_temperature", couplings.InverseTemperature);
    }

    private static void Check(SamplingOptions? options, FieldChecks checks)
    {
        if (options is null)
            throw checks.Wrong("options is missing.");
        checks.Chosen("options.integrator", options.Integrator);
        checks.Chosen("options.kernel", options.Kernel, allowZero: true);
        checks.Range("options.sweeps", options.Sweeps, 0);
        checks.Range("options.moves", options.Moves, 0);
        checks.Range("options.rate", options.Rate, 0, double.MaxValue);
        checks.Range("options.threshold", options.Threshold, 0, 1);
        checks.Chosen("options.scheme", options.Scheme);
    }

    public static void Check(string field, GroupWeights weights, FieldChecks checks)
    {
        checks.Range(field + ".count", weights.Count, 1);
        checks.Finite(field + ".max_log_weight", weights.MaxLogWeight);
        double most = weights.Count * Rounding;
        checks.Range(field + ".sum", weights.Sum, 1, most);
        checks.Range(field + ".sum_of_squares", weights.SumOfSquares, 1, weights.Sum * Rounding);
        checks.Range(field + ".first_family", weights.FirstFamily, 0);
        checks.Range(field + ".last_family", weights.LastFamily, weights.FirstFamily);
        checks.Range(field + ".first_family_sum", weights.FirstFamilySum, 0, most);
        checks.Range(field + ".last_family_sum", weights.LastFamilySum, 0,
            weights.LastFamily == weights.FirstFamily ? 0 : most);
        checks.Range(field + ".inner_squares", weights.InnerSquares, 0, most * most);
        checks.Range(field + ".evaluations", weights.Evaluations, 0);
        checks.Range(field + ".jumps", weights.Jumps, 0);
    }

    public static void Check(ResidualShare share, FieldChecks checks)
    {
        checks.Range("group", share.Group, 0);
        checks.Range("attempt", share.Attempt, 0);
        checks.Range("resampling", share.Resampling, 1);
        checks.Range("window", share.Window, 1);
        checks.Range("certain", share.Certain, 0);
        checks.Range("fractions", share.Fractions, 0, double.MaxValue);
    }
}
