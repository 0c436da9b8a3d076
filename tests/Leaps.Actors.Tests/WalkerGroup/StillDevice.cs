using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>A device that leaves walkers as they are, and meanwhile does something else.</summary>
internal sealed class StillDevice(Action meanwhile)
    : RateNetwork(new LocallyEquivariantConv(SampleTasks.Small().Target, [new(3, 3), new(3, 3)], 1))
{
    public int Made;
    public int Moves;
    public int Disposed;

    public override string DeviceKind => "still";
    public override int PopulationsAtOnce => 1;

    public override void Load(ParameterSet parameters)
    {
    }

    public override RateEvaluator CreateEvaluator() => throw new InvalidOperationException();

    public override IWindowMover CreateMover(Target target, AnnealerOptions options)
    {
        Interlocked.Increment(ref Made);
        return new Mover(this);
    }

    private sealed class Mover(StillDevice device) : IWindowMover
    {
        public bool TryApplyMcmc(Walkers walkers, TimeWindow window, CancellationToken cancellation) => true;

        public IntegrationCost Integrate(Walkers walkers, TimeWindow window, CancellationToken cancellation)
        {
            device.Meanwhile();
            Interlocked.Increment(ref device.Moves);
            return default;
        }

        public void Dispose() => Interlocked.Increment(ref device.Disposed);
    }

    private void Meanwhile() => meanwhile();
}
