using System.Globalization;
using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Host.Execution;

/// <summary>A target and a network in words, for people.</summary>
internal static class TargetDescription
{
    private const double NearCritical = 1e-3;

    /// <summary>"Ising 15×15 at the critical point", "Potts 12×12, q = 3".</summary>
    public static string Title(Target target)
    {
        var lattice = target.Lattice;
        string model = target is PottsTarget ? $", q = {target.States}" : "";
        string name = target is PottsTarget ? "Potts" : "Ising";
        string critical = IsCritical(target) ? " at the critical point" : "";
        return $"{name} {lattice.Rows}×{lattice.Columns}{model}{critical}";
    }

    /// <summary>"periodic, β = 0.4407, J 0 → 1".</summary>
    public static string Subtitle(Target target)
    {
        var (start, end) = (target.Schedule.Start, target.Schedule.End);
        List<string> parts =
        [
            "periodic", Ramp("β", start.InverseTemperature, end.InverseTemperature),
            Ramp("J", start.J, end.J),
        ];
        double fieldStart = start.Field * start.Moment, fieldEnd = end.Field * end.Moment;
        if (fieldStart != 0 || fieldEnd != 0)
            parts.Add(Ramp("h", fieldStart, fieldEnd));
        if (target.Schedule.Shape != ScheduleShape.Linear)
            parts.Add($"{Configuration.Choice.NameOf(target.Schedule.Shape)} schedule");
        return string.Join(", ", parts);
    }

    /// <summary>"LEC [5, 7, 15] with 20 channels", or that there is none.</summary>
    public static string Network(LocallyEquivariantConv? network) => network is null
        ? "no network"
        : $"LEC [{string.Join(", ", network.Windows)}] with {network.Channels} channels";

    // The critical coupling of the infinite lattice: βJ = ½ log(1 + √2), Potts log(1 + √q).
    private static bool IsCritical(Target target)
    {
        var couplings = target.Schedule.At(1);
        double critical = Math.Log(1 + Math.Sqrt(target.States));
        if (target is IsingTarget)
            critical /= 2;
        bool continuous = target.States <= 4;
        return continuous && couplings.Site == 0 && Math.Abs(couplings.Bond - critical) < NearCritical;
    }

    private static string Ramp(string name, double start, double end) => start == end
        ? string.Create(CultureInfo.InvariantCulture, $"{name} = {end:G6}")
        : string.Create(CultureInfo.InvariantCulture, $"{name} {start:G6} → {end:G6}");
}
