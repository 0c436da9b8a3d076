using Leaps.Model;
using Leaps.Model.Targets;

namespace Leaps.Host.Configuration;

/// <summary>Reads the section 'target'.</summary>
internal static class TargetReader
{
    public static TargetConfiguration Read(ConfigValue node, out Target target)
    {
        var section = new Section(node.Node, node.Path);
        var model = section.Require("model", "the model: ising or potts").OneOf<TargetModel>();
        var lattice = section.Require("lattice", "the side L, or [rows, columns]");
        var (rows, columns) = lattice.Sides();
        lattice.Origin.Guard(() => new Lattice(rows, columns));
        var configuration = new TargetConfiguration
        {
            Model = model,
            Rows = rows,
            Columns = columns,
            States = ReadStates(section, model),
            Schedule = section["schedule"]?.OneOf<ScheduleShape>() ?? ScheduleShape.Linear,
            J = section["J"]?.Ramp() ?? new Ramp(0, 1),
            Field = section["h"]?.Ramp() ?? default,
            InverseTemperature = section.Require("beta", "the inverse temperature").Ramp(),
        };
        if (section["switch-value"] is { } switchValue)
        {
            if (configuration.Schedule != ScheduleShape.Switch)
                throw switchValue.Origin.Error($"'{switchValue.Path}' is for schedule: switch only");
            configuration = configuration with { SwitchValue = switchValue.Number() };
            switchValue.Origin.Guard(() => new CouplingSchedule(
                ScheduleShape.Switch, default, default, configuration.SwitchValue));
        }
        CheckBounds(section, configuration);
        // A density that is not uniform at t = 0 is the fault of whichever coupling is on there.
        bool bondIsOn = configuration.CreateSchedule().At(0).Bond != 0;
        var blamed = section[bondIsOn ? "J" : "h"]?.Origin ?? section.Origin;
        target = blamed.Guard(configuration.CreateTarget);
        return configuration;
    }

    // Where a product is too large, its largest factor is named.
    private static void CheckBounds(Section section, TargetConfiguration configuration)
    {
        try
        {
            configuration.CreateSchedule();
        }
        catch (LeapsException error)
        {
            (string Key, Ramp Ramp)[] couplings =
            [
                ("beta", configuration.InverseTemperature),
                ("J", configuration.J),
                ("h", configuration.Field),
            ];
            var (key, _) = couplings.Where(coupling => section[coupling.Key] is not null)
                .MaxBy(coupling => Math.Max(Math.Abs(coupling.Ramp.Start), Math.Abs(coupling.Ramp.End)));
            var blamed = section[key]!.Value;
            throw blamed.Origin.Error($"'{blamed.Path}' is too large: {error.Message}");
        }
    }

    private static int ReadStates(Section section, TargetModel model)
    {
        if (model == TargetModel.Potts)
        {
            var value = section.Require("states", "the number of Potts states q");
            int states = value.Integer();
            var off = new CouplingSchedule(ScheduleShape.Linear, default, default);
            value.Origin.Guard(() => new PottsTarget(new Lattice(2, 2), states, off));
            return states;
        }
        return section["states"] is { } given
            ? throw given.Origin.Error($"'{given.Path}' is for model: potts only")
            : 2;
    }
}
