using Leaps.Actors;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>Epochs and versions only rise, and what is settled in an attempt stays so.</summary>
internal sealed class EpochChecker : Checker
{
    private readonly Dictionary<int, long> _groupEpochs = [];
    private readonly Dictionary<int, (int Attempt, int Settled)> _settled = [];
    private long _epoch, _version;

    public override void EventDurable(CoordinatorEvent item)
    {
        if (item.EpochRaised is not { } raised)
            return;
        Require(raised.Epoch > _epoch, $"epoch {raised.Epoch} after {_epoch}");
        _epoch = raised.Epoch;
    }

    public override void Sent(SimulatedActor sender, Send send)
    {
        if (send.Body is StartGroup start)
        {
            long before = _groupEpochs.GetValueOrDefault(start.Group);
            Require(start.Epoch > before, $"group {start.Group}: epoch {start.Epoch} after {before}");
            _groupEpochs[start.Group] = start.Epoch;
        }
        else if (send.Body is AdvanceLimit limit)
        {
            Require(limit.Version > _version, $"limit of version {limit.Version} after {_version}");
            _version = limit.Version;
            var before = _settled.GetValueOrDefault(limit.Group);
            Require((limit.Attempt, limit.Settled).CompareTo(before) >= 0,
                $"group {limit.Group}: {limit.Settled} windows of attempt {limit.Attempt} after {before}");
            _settled[limit.Group] = (limit.Attempt, limit.Settled);
        }
    }
}
