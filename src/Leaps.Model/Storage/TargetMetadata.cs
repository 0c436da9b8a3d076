using Leaps.Model.Targets;

namespace Leaps.Model.Storage;

/// <summary>
/// A target as a map of strings for a file's metadata, so that a model remembers what it was trained for.
/// Doubles come back bit by bit.
/// </summary>
public static class TargetMetadata
{
    private const string Kind = "target.kind", LatticeKey = "target.lattice", States = "target.states";
    private const string Shape = "schedule.shape", SwitchValue = "schedule.switch_value";
    private const string Start = "schedule.start.", End = "schedule.end.";

    public static Dictionary<string, string> Write(Target target)
    {
        var schedule = target.Schedule;
        var map = new Dictionary<string, string>
        {
            [Kind] = target.Name,
            [LatticeKey] = MetadataValues.Format(target.Lattice.Rows, target.Lattice.Columns),
            [States] = MetadataValues.Format(target.States),
            [Shape] = schedule.Shape switch
            {
                ScheduleShape.Linear => "linear",
                ScheduleShape.Trig => "trig",
                _ => "switch",
            },
            [SwitchValue] = MetadataValues.Format(schedule.SwitchValue),
        };
        WriteCouplings(map, Start, schedule.Start);
        WriteCouplings(map, End, schedule.End);
        return map;
    }

    /// <summary>The target described by the map, or null when it describes none.</summary>
    /// <exception cref="InvalidDataException">
    /// A part is missing or malformed; the message names its key.
    /// </exception>
    /// <exception cref="LeapsException">The parts do not make a target.</exception>
    public static Target? Read(IReadOnlyDictionary<string, string> map)
    {
        var values = new MetadataValues(map);
        if (!values.Has(Kind))
            return null;
        bool potts = values.Choice(Kind, ("ising", false), ("potts", true));
        if (values.Sizes(LatticeKey) is not [(int rows, int columns)])
            throw new InvalidDataException($"its metadata has more than one size in '{LatticeKey}'.");
        var lattice = new Lattice(rows, columns);
        int states = values.Integer(States);
        if (!potts && states != 2)
            throw new InvalidDataException(
                $"its metadata has '{States}' = {states} for an Ising model, which has 2.");
        var shape = values.Choice(Shape,
            ("linear", ScheduleShape.Linear), ("trig", ScheduleShape.Trig), ("switch", ScheduleShape.Switch));
        var schedule = new CouplingSchedule(shape, ReadCouplings(values, Start), ReadCouplings(values, End),
            values.Number(SwitchValue));
        return potts ? new PottsTarget(lattice, states, schedule) : new IsingTarget(lattice, schedule);
    }

    private static void WriteCouplings(Dictionary<string, string> map, string prefix, Couplings couplings)
    {
        map[prefix + "J"] = MetadataValues.Format(couplings.J);
        map[prefix + "field"] = MetadataValues.Format(couplings.Field);
        map[prefix + "moment"] = MetadataValues.Format(couplings.Moment);
        map[prefix + "beta"] = MetadataValues.Format(couplings.InverseTemperature);
    }

    private static Couplings ReadCouplings(MetadataValues values, string prefix) => new(
        values.Number(prefix + "J"), values.Number(prefix + "field"),
        values.Number(prefix + "beta"), values.Number(prefix + "moment"));
}
