using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Leaps.Model.Targets;
using Leaps.Model.Training;
using Version = Leaps.Model.Training.ParameterVersion;

namespace Leaps.Actors.Protocol;

/// <summary>Rollouts, batches and parameters to messages and back, bit by bit.</summary>
internal static class RolloutPacking
{
    public static RolloutMade ToMessage(Rollout rollout) => new()
    {
        Index = rollout.Entry.Index,
        Rollout = UnsafeByteOperations.UnsafeWrap(rollout.ToBytes()),
    };

    /// <exception cref="ProtocolException">Not a sound rollout, or not the one it says.</exception>
    public static Rollout ToRollout(RolloutMade message)
    {
        try
        {
            var rollout = Rollout.FromBytes(message.Rollout.Span);
            return rollout.Entry.Index == message.Index ? rollout : throw new ProtocolException(
                $"rollout {rollout.Entry.Index} was sent as rollout {message.Index}.");
        }
        catch (InvalidDataException error)
        {
            throw new ProtocolException($"rollout {message.Index}: {error.Message}", error);
        }
    }

    public static ParameterVersion ToMessage(Version version) => new()
    {
        Sha256 = ByteString.CopyFrom(Convert.FromHexString(version.Sha256)),
        Values = ByteString.CopyFrom(MemoryMarshal.AsBytes(version.Values.AsSpan())),
        Update = version.Updates,
    };

    public static Version ToVersion(ParameterVersion message)
    {
        var values = MemoryMarshal.Cast<byte, float>(message.Values.Span);
        return new Version(message.Update, ImmutableArray.Create(values));
    }

    public static RolloutOrder ToMessage(ScheduledRollout entry, ParameterVersion parameters) =>
        new() { Index = entry.Index, DueUpdate = entry.DueUpdate, Parameters = parameters };

    public static ScheduledRollout ToEntry(RolloutOrder order) =>
        new(order.Index, order.DueUpdate, order.Parameters.Update);

    /// <exception cref="ProtocolException">Not states of the target, or not as many as times.</exception>
    public static TrainingBatch ToBatch(Batch message, Target target)
    {
        var states = WalkerPacking.ToStates(message.Walkers, target);
        if (states.Count != message.Times.Count)
            throw new ProtocolException($"batch of {states.Count} states and {message.Times.Count} times.");
        var batch = new TrainingBatch(states.Count, target.Sites);
        states.Unpack(batch.States);
        message.Times.CopyTo(batch.Times, 0);
        return batch;
    }
}
