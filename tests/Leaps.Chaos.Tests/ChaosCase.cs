using System.Collections.Immutable;
using System.Globalization;

namespace Leaps.Chaos.Tests;

/// <summary>What happens in a case: all of it is drawn by one seed.</summary>
/// <param name="Seed">of the case</param>
/// <param name="Shape">the run</param>
/// <param name="IsTight">the cluster notices losses after 1 s, not after the default of 10 s</param>
/// <param name="Faults">in their order</param>
internal sealed record ChaosCase(
    ulong Seed, RunShape Shape, bool IsTight, ImmutableArray<Fault> Faults)
{
    /// <summary>That are there when the run is submitted.</summary>
    public const int Nodes = 3;

    private const double LongestFreeze = 15;

    /// <param name="seed">of the case</param>
    /// <param name="tight">null: drawn</param>
    public static ChaosCase Draw(ulong seed, bool? tight = null)
    {
        var dice = new Dice(seed);
        var shape = RunShape.Draw(dice);
        bool drawn = dice.Chance(0.5);
        var kinds = new List<FaultKind>();
        int faults = dice.Between(1, 3);
        while (kinds.Count < faults)
        {
            var kind = Draw(dice);
            // Of three nodes, two at least come back from whatever happens.
            if (kind != FaultKind.LoseNode || !kinds.Contains(kind))
                kinds.Add(kind);
        }
        return new ChaosCase(seed, shape, tight ?? drawn, [.. kinds.Select(kind => new Fault(kind,
            dice.Tenths(0.3, 4.5), LengthOf(kind, dice), dice.Between(0, Nodes - 1))).OrderBy(f => f.At)]);
    }

    private static FaultKind Draw(Dice dice) => dice.OneOf(
        FaultKind.KillNode, FaultKind.KillNode, FaultKind.KillHome, FaultKind.KillHome,
        FaultKind.KillScheduler, FaultKind.KillAll, FaultKind.LoseNode, FaultKind.Freeze, FaultKind.Freeze,
        FaultKind.Terminate, FaultKind.Join, FaultKind.Drain, FaultKind.KillBroker, FaultKind.StopBroker,
        FaultKind.KillDatabase, FaultKind.FreezeDatabase, FaultKind.Cut, FaultKind.Cut, FaultKind.Pause,
        FaultKind.Visit);

    private static double LengthOf(FaultKind kind, Dice dice) => kind switch
    {
        FaultKind.Freeze or FaultKind.Cut => dice.Chance(0.5)
            ? dice.Tenths(1, 4) : dice.Tenths(4, LongestFreeze),
        FaultKind.FreezeDatabase => dice.Tenths(1, 8),
        FaultKind.Pause or FaultKind.Drain => dice.Tenths(0.5, 3),
        _ => dice.Tenths(0.1, 2),
    };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Shape.Name}, lease {(IsTight ? 1 : 10)} s; {string.Join(", ", Faults)}");
}
