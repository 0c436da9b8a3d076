using Leaps.Model;
using Leaps.Model.Targets;

namespace Leaps.Actors.Protocol;

/// <summary>A target to its message and back; couplings come back bit by bit, but -0 as 0.</summary>
public static class TargetPacking
{
    public static TargetSpecification ToMessage(Target target) => new()
    {
        Kind = target is PottsTarget
            ? TargetSpecification.Types.Kind.Potts
            : TargetSpecification.Types.Kind.Ising,
        Rows = target.Lattice.Rows,
        Columns = target.Lattice.Columns,
        States = target.States,
        Shape = target.Schedule.Shape switch
        {
            ScheduleShape.Linear => TargetSpecification.Types.Shape.Linear,
            ScheduleShape.Trig => TargetSpecification.Types.Shape.Trig,
            _ => TargetSpecification.Types.Shape.Switch,
        },
        Start = ToMessage(target.Schedule.Start),
        End = ToMessage(target.Schedule.End),
        SwitchValue = target.Schedule.SwitchValue,
    };

    /// <exception cref="ProtocolException">The message describes no target.</exception>
    public static Target ToTarget(TargetSpecification message)
    {
        try
        {
            var lattice = new Lattice(message.Rows, message.Columns);
            var shape = message.Shape switch
            {
                TargetSpecification.Types.Shape.Linear => ScheduleShape.Linear,
                TargetSpecification.Types.Shape.Trig => ScheduleShape.Trig,
                _ => ScheduleShape.Switch,
            };
            var schedule = new CouplingSchedule(
                shape, ToCouplings(message.Start), ToCouplings(message.End), message.SwitchValue);
            return message.Kind == TargetSpecification.Types.Kind.Potts
                ? new PottsTarget(lattice, message.States, schedule)
                : new IsingTarget(lattice, schedule);
        }
        catch (LeapsException error)
        {
            throw new ProtocolException($"target: {error.Message}", error);
        }
    }

    private static CouplingValues ToMessage(Couplings couplings) => new()
    {
        J = couplings.J,
        Field = couplings.Field,
        Moment = couplings.Moment,
        InverseTemperature = couplings.InverseTemperature,
    };

    private static Couplings ToCouplings(CouplingValues message) =>
        new(message.J, message.Field, message.InverseTemperature, message.Moment);
}
