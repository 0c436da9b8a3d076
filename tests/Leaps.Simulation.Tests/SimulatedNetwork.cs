using Google.Protobuf;
using Leaps.Actors;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests;

/// <summary>
/// Carries messages as bytes: late, out of order, twice. A message lost on the way is sent again as long as
/// its sender lives; one for an actor that is dead on its arrival, or whose mailbox is, is lost for good.
/// </summary>
internal sealed class SimulatedNetwork(Simulation simulation)
{
    private const int Straggling = 100;

    private readonly Dice _dice = new(simulation.Scenario.Seed, Dice.ForNetwork);
    private readonly MessageCodec _codec = new(Run);
    private readonly Dictionary<string, (long Messages, long Bytes)> _sent = [];
    private (int From, int To, long Resampling)? _lost;
    private readonly HashSet<string> _gone = [];
    private bool _altered;

    private static Guid Run { get; } = new("5eed0000-0000-4000-8000-000000000000");

    /// <summary>Messages and bytes so far by kind of body, without repetitions.</summary>
    public IReadOnlyDictionary<string, (long Messages, long Bytes)> Sent => _sent;

    public void Send(SimulatedActor sender, Send send)
    {
        byte[] bytes = Write(sender, send.Recipient, send.Body);
        string kind = send.Body.Descriptor.Name;
        var (messages, total) = _sent.GetValueOrDefault(kind);
        _sent[kind] = (messages + 1, total + bytes.Length);
        simulation.Tell(checker => checker.Sent(sender, send));
        if (IsSabotaged(sender, send, ref bytes))
            return;
        Transmit(sender, send.Recipient, bytes);
    }

    /// <summary>The broker has lost a mailbox: with all that is in it, and all that comes until it is made
    /// anew.</summary>
    public void LoseMailbox(string actor, long time)
    {
        if (!_gone.Add(actor))
            return;
        simulation.Clock.After(time, () =>
        {
            _gone.Remove(actor);
            simulation.FindLiving(actor)?.LoseMessages();
        });
    }

    private void Transmit(SimulatedActor sender, string recipient, byte[] bytes)
    {
        var scenario = simulation.Scenario;
        if (_dice.Chance(scenario.Loss))
        {
            simulation.Clock.After(4 * scenario.Latency, () =>
            {
                if (sender.Alive)
                    Transmit(sender, recipient, bytes);
            });
            return;
        }
        do
        {
            double mean = scenario.Latency * (_dice.Chance(scenario.Stragglers) ? Straggling : 1);
            simulation.Clock.After(_dice.Duration(mean), () => Deliver(recipient, bytes));
        }
        while (_dice.Chance(scenario.Duplicates));
    }

    private void Deliver(string recipient, byte[] bytes)
    {
        if (!_gone.Contains(recipient))
            simulation.Find(recipient)?.Deliver(MessageBytes.Read(_codec, bytes));
    }

    private byte[] Write(SimulatedActor sender, string recipient, IMessage body) => MessageBytes.Write(
        _codec, Run, sender.Name, recipient, sender.Epoch, sender.NextSequence(), body);

    private bool IsSabotaged(SimulatedActor sender, Send send, ref byte[] bytes)
    {
        switch (simulation.Scenario.Sabotage)
        {
            case Sabotage.LoseTransfer when send.Body is WalkerTransfer transfer:
                var key = (transfer.FromGroup, transfer.ToGroup, transfer.Resampling);
                _lost ??= key;
                return _lost == key;
            case Sabotage.AlterTransfer when !_altered && send.Body is WalkerTransfer transfer:
                _altered = true;
                var altered = transfer.Clone();
                byte[] packed = altered.Walkers.Packed.ToByteArray();
                packed[0] ^= 1;
                altered.Walkers.Packed = ByteString.CopyFrom(packed);
                bytes = Write(sender, send.Recipient, altered);
                return false;
            case Sabotage.AlterSummary when !_altered && send.Body is GroupSummary summary:
                _altered = true;
                var told = summary.Clone();
                told.Weights.MaxLogWeight += 1e-12;
                bytes = Write(sender, send.Recipient, told);
                return false;
            default:
                return false;
        }
    }
}
