using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

public sealed class DivergedNetworkTests
{
    [Fact]
    public void Rates_that_have_diverged_stop_the_run_instead_of_jumping_for_ever()
    {
        var schedule =
            new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44));
        var target = new IsingTarget(new Lattice(3, 3), schedule);
        var network = new EndlessNetwork(new LocallyEquivariantConv(target, [new(3, 3), new(3, 3)], 1));
        var annealer = new Annealer(target, network, new AnnealerOptions { Walkers = 10, Windows = 1 });
        var error =
            Assert.Throws<LeapsException>(() => annealer.Run(null, TestContext.Current.CancellationToken));
        Assert.Matches(
            @"^Walker \d+, window 0 \(t = 0 to 1\): the number of jumps is \d+\. The run can't go on",
            error.Message);
    }

    // Every flip at an enormous rate, for ever.
    private sealed class EndlessNetwork(LocallyEquivariantConv architecture) : RateNetwork(architecture)
    {
        public override string DeviceKind => "test";

        public override void Load(ParameterSet parameters)
        {
        }

        public override RateEvaluator CreateEvaluator() => new Evaluator(Architecture);

        private sealed class Evaluator(LocallyEquivariantConv architecture) : RateEvaluator(architecture)
        {
            public override void Evaluate(ReadOnlySpan<byte> states, int walkers, double time,
                Span<float> output) =>
                output.Fill(1e9f);

            public override void Forward(ReadOnlySpan<byte> states, ReadOnlySpan<double> times,
                Span<float> output) =>
                output.Fill(1e9f);

            public override void Backward(ReadOnlySpan<float> outputGradient, Span<double> gradient) =>
                throw new NotSupportedException();
        }
    }
}
