using System.Collections.Concurrent;
using Leaps.Actors.Protocol;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Actors.ReplayBuffer;

/// <summary>The thread that makes rollouts, in the order in which they are ordered, on a device of its
/// own.</summary>
public sealed class RolloutPool : IDisposable
{
    private readonly BlockingCollection<(RolloutOrder Order, Action<RolloutMade> Made)> _orders = [];
    private readonly CancellationTokenSource _cancellation = new();
    private readonly Thread _thread;
    private readonly RateNetwork _network;

    /// <param name="target">what is sampled</param>
    /// <param name="layout">of the model's parameters</param>
    /// <param name="network">its device, for nobody else; the pool's from now on</param>
    /// <param name="options">of the training</param>
    /// <param name="failed">takes what went wrong</param>
    public RolloutPool(Target target, ParameterLayout layout, RateNetwork network, TrainingOptions options,
        Action<Exception> failed)
    {
        var maker = new RolloutMaker(target, options);
        _network = network;
        _thread = new Thread(() =>
        {
            try
            {
                foreach (var (order, made) in _orders.GetConsumingEnumerable(_cancellation.Token))
                {
                    var version = RolloutPacking.ToVersion(order.Parameters);
                    version.Load(network, layout);
                    made(RolloutPacking.ToMessage(maker.Make(
                        RolloutPacking.ToEntry(order), network, version.Sha256, _cancellation.Token)));
                }
            }
            catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
            {
                // Whoever needs the rollout orders it again.
            }
            catch (Exception error)
            {
                failed(error);
            }
        })
        {
            IsBackground = true,
            Name = "rollouts",
        };
        _thread.Start();
    }

    /// <param name="order">which</param>
    /// <param name="made">takes it, on the pool's thread</param>
    public void Enqueue(RolloutOrder order, Action<RolloutMade> made) => _orders.TryAdd((order, made));

    public void Dispose()
    {
        _cancellation.Cancel();
        _thread.Join();
        _network.Dispose();
        _orders.Dispose();
        _cancellation.Dispose();
    }
}
