using Leaps.Actors.Protocol;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>Targets keep their kind, lattice and every bit of their couplings.</summary>
public sealed class TargetPackingTests
{
    [Fact]
    public void A_target_comes_back_the_same()
    {
        foreach (var target in new[] { SampleMessages.Ising, SampleMessages.Potts })
        {
            var read = TargetPacking.ToTarget(TargetPacking.ToMessage(target));
            Assert.Equal(target.GetType(), read.GetType());
            Assert.Equal((target.Lattice.Rows, target.Lattice.Columns, target.States),
                (read.Lattice.Rows, read.Lattice.Columns, read.States));
            Assert.Equal((target.Schedule.Shape, target.Schedule.Start, target.Schedule.End,
                target.Schedule.SwitchValue),
                (read.Schedule.Shape, read.Schedule.Start, read.Schedule.End, read.Schedule.SwitchValue));
        }
    }

    [Fact]
    public void A_target_beyond_the_bounds_of_the_model_is_refused()
    {
        var message = TargetPacking.ToMessage(SampleMessages.Ising);
        message.End.InverseTemperature = 1e300;
        var error = Assert.Throws<ProtocolException>(() => TargetPacking.ToTarget(message));
        Assert.StartsWith("target: βJ is ", error.Message, StringComparison.Ordinal);
    }
}
