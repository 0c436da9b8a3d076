using Google.Protobuf;
using Google.Protobuf.Reflection;
using Leaps.Actors;
using Leaps.Actors.Protocol;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Simulation.Tests;

/// <summary>
/// Carries messages as bytes: late, out of order, twice. A message lost on the way is sent again as long as
/// its sender lives; one for an actor that is dead on its arrival is lost for good.
/// </summary>
internal sealed class SimulatedNetwork(Simulation simulation)
{
    private const int Straggling = 100;

    private static readonly Dictionary<MessageDescriptor, FieldDescriptor> BodyFields =
        Envelope.Descriptor.Oneofs[0].Fields.ToDictionary(field => field.MessageType);

    private readonly Dice _dice = new(simulation.Scenario.Seed, Dice.ForNetwork);
    private readonly MessageCodec _codec = new(Run);
    private readonly Dictionary<Body, (long Messages, long Bytes)> _sent = [];
    private (int From, int To, long Resampling)? _lost;
    private bool _altered;

    private static Guid Run { get; } = new("5eed0000-0000-4000-8000-000000000000");

    /// <summary>Messages and bytes so far, without repetitions.</summary>
    public IReadOnlyDictionary<Body, (long Messages, long Bytes)> Sent => _sent;

    public void Send(SimulatedActor sender, Send send)
    {
        var envelope = Envelope.Create(
            Run, sender.Name, send.Recipient, sender.Epoch, sender.NextSequence());
        BodyFields[send.Body.Descriptor].Accessor.SetValue(envelope, send.Body);
        byte[] bytes = _codec.Encode(envelope);
        var (messages, total) = _sent.GetValueOrDefault(envelope.BodyCase);
        _sent[envelope.BodyCase] = (messages + 1, total + bytes.Length);
        simulation.Tell(checker => checker.Sent(sender, send));
        if (IsSabotaged(sender, send, ref bytes))
            return;
        Transmit(sender, send.Recipient, bytes);
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
        if (simulation.Find(recipient) is not { } actor)
            return;
        var envelope = _codec.Decode(bytes);
        actor.Post(BodyFields.Values.First(field => field.FieldNumber == (int)envelope.BodyCase)
            .Accessor.GetValue(envelope));
    }

    private bool IsSabotaged(SimulatedActor sender, Send send, ref byte[] bytes)
    {
        switch (simulation.Scenario.Sabotage)
        {
            case Sabotage.LoseTransfer when send.Body is WalkerTransfer transfer:
                var key = (transfer.FromGroup, transfer.ToGroup, transfer.Resampling);
                _lost ??= key;
                return _lost == key;
            case Sabotage.AlterTransfer when !_altered && send.Body is WalkerTransfer { Families.Count: > 0 } transfer:
                _altered = true;
                var altered = transfer.Clone();
                byte[] packed = altered.Walkers.Packed.ToByteArray();
                packed[0] ^= 1;
                altered.Walkers.Packed = ByteString.CopyFrom(packed);
                Alter(sender, send.Recipient, altered, ref bytes);
                return false;
            case Sabotage.AlterSummary when !_altered && send.Body is GroupSummary summary:
                _altered = true;
                var told = summary.Clone();
                told.Weights.MaxLogWeight += 1e-12;
                Alter(sender, send.Recipient, told, ref bytes);
                return false;
            default:
                return false;
        }
    }

    private void Alter(SimulatedActor sender, string recipient, IMessage body, ref byte[] bytes)
    {
        var envelope = Envelope.Create(Run, sender.Name, recipient, sender.Epoch, sender.NextSequence());
        BodyFields[body.Descriptor].Accessor.SetValue(envelope, body);
        bytes = _codec.Encode(envelope);
    }
}
