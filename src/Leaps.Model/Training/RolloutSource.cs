using Leaps.Model.Devices;
using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// The reference's source of pairs: rollouts by Euler steps with the present network, Metropolis moves
/// between steps, kept in a replay buffer; a new one every update until the buffer is full, then every cycle.
/// </summary>
public sealed class RolloutSource : ITrainingSource
{
    private readonly Target _target;
    private readonly TrainingOptions _options;
    private readonly HorizonCurriculum _horizon;
    private readonly ReplayBuffer _buffer;
    private readonly RateNetwork _network;

    public RolloutSource(Target target, RateNetwork network, TrainingOptions options)
    {
        _target = target;
        _network = network;
        _options = options;
        _horizon = new HorizonCurriculum(options.HorizonUpdates, options.HorizonStep);
        _buffer = new ReplayBuffer(options.BufferSize);
    }

    public void Fill(int update, TrainingBatch batch, CancellationToken cancellation = default)
    {
        if (!_buffer.IsFull || update % _options.BufferCycle == _options.BufferCycle - 1)
            _buffer.Add(Roll(update, cancellation));
        var stream = new RandomStream(_options.Seed, RandomPurpose.TrainingBatch, step: update);
        _buffer.Sample(batch, _target.Sites, ref stream);
    }

    private Rollout Roll(int update, CancellationToken cancellation)
    {
        ulong seed = RandomStream.DeriveSeed(_options.Seed, RandomPurpose.TrainingRollout, update);
        var mover = new PopulationMover(_target, _network, new AnnealerOptions
        {
            Walkers = _options.RolloutWalkers,
            Integrator = IntegratorKind.Euler,
            Seed = seed,
            Threads = _options.Threads,
            Mcmc = new McmcOptions
            {
                Kernel = _options.RolloutMoves > 0 ? McmcKernelKind.Metropolis : McmcKernelKind.None,
                Moves = _options.RolloutMoves,
            },
        });
        double[] times = _horizon.Times(update, seed);
        var walkers = Walkers.Uniform(_target, _options.RolloutWalkers, seed);
        var slices = new PackedStates[times.Length];
        slices[0] = PackedStates.Pack(walkers.States, walkers.Count, _target.Sites, _target.States);
        for (int n = 0; n + 1 < times.Length; n++)
        {
            var window = new TimeWindow(n, times[n], times[n + 1]);
            mover.ApplyMcmc(walkers, window, cancellation);
            mover.Integrate(walkers, window, cancellation);
            slices[n + 1] = PackedStates.Pack(walkers.States, walkers.Count, _target.Sites, _target.States);
        }
        return new Rollout(times, slices, walkers.Count);
    }
}
