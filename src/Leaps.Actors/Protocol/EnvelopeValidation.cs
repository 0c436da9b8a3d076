using System.Security.Cryptography;
using Google.Protobuf.Collections;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Actors.Protocol;

/// <summary>
/// What leaps.proto promises of every field, checked. Throws <see cref="ProtocolException"/>.
/// </summary>
internal static class EnvelopeValidation
{
    private const double Rounding = SamplingValidation.Rounding;

    public static void Check(Envelope envelope)
    {
        var header = new FieldChecks("message header");
        header.Name("sender", envelope.Sender);
        header.Name("recipient", envelope.Recipient);
        header.Range("epoch", envelope.Epoch, 1);
        header.Range("sequence", envelope.Sequence, 1);

        var checks = new FieldChecks($"{envelope.BodyCase} {envelope.Sequence} from {envelope.Sender}");
        switch (envelope.BodyCase)
        {
            case Body.StartGroup: Check(envelope.StartGroup, checks); break;
            case Body.AdvanceLimit: Check(envelope.AdvanceLimit, checks); break;
            case Body.Rewind: Check(envelope.Rewind, checks); break;
            case Body.ResamplingPlan: Check(envelope.ResamplingPlan, checks); break;
            case Body.GroupSummary: Check(envelope.GroupSummary, checks); break;
            case Body.SnapshotStored: Check(envelope.SnapshotStored, checks); break;
            case Body.WalkerTransfer: Check(envelope.WalkerTransfer, checks); break;
            case Body.Snapshot: Check(envelope.Snapshot, checks); break;
            case Body.ParameterVersion: Check(envelope.ParameterVersion, checks); break;
            case Body.RolloutMade: Check(envelope.RolloutMade, checks); break;
            case Body.RolloutOrder: Check(envelope.RolloutOrder, checks); break;
            case Body.RolloutStored:
                checks.Range("index", envelope.RolloutStored.Index, 0);
                break;
            case Body.BufferQuery:
                checks.Range("epoch", envelope.BufferQuery.Epoch, 1);
                break;
            case Body.BufferReady:
                checks.Range("epoch", envelope.BufferReady.Epoch, 0);
                foreach (int index in envelope.BufferReady.Rollouts)
                    checks.Range("rollouts", index, 0);
                break;
            case Body.TrainerSaved:
                checks.Range("update", envelope.TrainerSaved.Update, 0);
                break;
            case Body.BatchRequest: Check(envelope.BatchRequest, checks); break;
            case Body.Batch: Check(envelope.Batch, checks); break;
            case Body.ControlRequest: Check(envelope.ControlRequest, checks); break;
            case Body.ControlReply: checks.Range("request", envelope.ControlReply.Request, 0); break;
            case Body.Failure: checks.Name("actor", envelope.Failure.Actor); break;
            case Body.PlacementRequest:
                checks.Range("group", envelope.PlacementRequest.Group, 0);
                break;
            case Body.GroupReady: Check(envelope.GroupReady, checks); break;
            case Body.ResidualShare: SamplingValidation.Check(envelope.ResidualShare, checks); break;
            case Body.TransferRequest: Check(envelope.TransferRequest, checks); break;
            case Body.TransferForgotten: Check(envelope.TransferForgotten, checks); break;
            case Body.NodeHeartbeat: ClusterValidation.Check(envelope.NodeHeartbeat, checks); break;
            case Body.Assignment: ClusterValidation.Check(envelope.Assignment, checks); break;
            case Body.ClusterRequest: ClusterValidation.Check(envelope.ClusterRequest, checks); break;
            case Body.ClusterReply: ClusterValidation.Check(envelope.ClusterReply, checks); break;
            default:
                throw new ProtocolException(
                    $"message {envelope.Sequence} from {envelope.Sender} has no body.");
        }
    }

    private static void Check(StartGroup start, FieldChecks checks)
    {
        SamplingValidation.Check(start.Sampling, checks);
        checks.Range("group", start.Group, 0, (long)start.Sampling.Replicas * start.Sampling.Groups - 1);
        checks.Range("epoch", start.Epoch, 1);
        checks.Range("attempt", start.Attempt, 0);
    }

    private static void Check(AdvanceLimit limit, FieldChecks checks)
    {
        checks.Range("group", limit.Group, 0);
        checks.Range("attempt", limit.Attempt, 0);
        checks.Range("version", limit.Version, 1);
        checks.Range("settled", limit.Settled, 0);
        checks.Range("limit", limit.Limit, 0);
        checks.Range("resampling", limit.Resampling, 0);
        checks.Range("store_from", limit.StoreFrom, 0, limit.Settled);
    }

    private static void Check(GroupReady ready, FieldChecks checks)
    {
        checks.Range("group", ready.Group, 0);
        checks.Range("epoch", ready.Epoch, 1);
        checks.Range("attempt", ready.Attempt, 0);
        checks.Range("resampling", ready.Resampling, 0);
        checks.Range("stored_window", ready.StoredWindow, 0);
        checks.Range("stored_resampling", ready.StoredResampling, 0, ready.Resampling);
    }

    private static void Check(GroupScale? scale, FieldChecks checks)
    {
        if (scale is null)
            throw checks.Wrong("scale is missing.");
        checks.Range("scale.slots", scale.Slots, 1);
        checks.Range("scale.scale", scale.Scale, 0, 1);
        checks.Range("scale.total", scale.Total, double.Epsilon, double.MaxValue);
    }

    private static void Check(Rewind rewind, FieldChecks checks)
    {
        checks.Range("group", rewind.Group, 0);
        checks.Range("attempt", rewind.Attempt, 0);
        checks.Range("window", rewind.Window, 1);
        checks.Range("resampling", rewind.Resampling, 1);
        Check(rewind.Scale, checks);
    }

    private static void Check(TransferRequest request, FieldChecks checks)
    {
        checks.Range("attempt", request.Attempt, 0);
        checks.Range("resampling", request.Resampling, 1);
        checks.Range("from_group", request.FromGroup, 0);
        checks.Range("to_group", request.ToGroup, 0);
    }

    private static void Check(TransferForgotten forgotten, FieldChecks checks)
    {
        checks.Range("attempt", forgotten.Attempt, 0);
        checks.Range("resampling", forgotten.Resampling, 1);
        checks.Range("to_group", forgotten.ToGroup, 0);
    }

    private static void Check(ResamplingPlan plan, FieldChecks checks)
    {
        checks.Range("group", plan.Group, 0);
        checks.Range("attempt", plan.Attempt, 0);
        checks.Range("resampling", plan.Resampling, 1);
        checks.Range("window", plan.Window, 1);
        Check(plan.Scale, checks);
        checks.Range("total", plan.Total, 0, double.MaxValue);
        checks.Range("before", plan.Before, 0, plan.Total);
        Check(plan.Points, checks);
        checks.Range("offspring", plan.Offspring, plan.Points.Count, plan.Scale.Slots);
        checks.Range("first_offspring", plan.FirstOffspring, 0, int.MaxValue - plan.Offspring);
        long end = plan.FirstOffspring + plan.Offspring;
        CheckTransfers("outgoing", plan.Outgoing, plan.Group, plan.FirstOffspring, end, checks);
        CheckTransfers("incoming", plan.Incoming, plan.Group, 0, int.MaxValue, checks);
    }

    private static void Check(PointRange? points, FieldChecks checks)
    {
        if (points is null)
            throw checks.Wrong("points is missing.");
        checks.Range("points.of", points.Of, 0);
        checks.Range("points.first", points.First, 0, points.Of);
        checks.Range("points.count", points.Count, 0, points.Of - points.First);
        checks.Range("points.spacings", points.Spacings, 0, double.MaxValue);
        checks.Range("points.spacings_before", points.SpacingsBefore, 0, points.Spacings * Rounding);
    }

    /// <summary>
    /// In slot order, without overlap, inside start … end - 1, never with the group itself.
    /// </summary>
    private static void CheckTransfers(
        string field, RepeatedField<SlotTransfer> transfers, int group, long start, long end,
            FieldChecks checks)
    {
        foreach (var transfer in transfers)
        {
            checks.Range(field + ".group", transfer.Group, 0);
            if (transfer.Group == group)
                throw checks.Wrong($"{field} has a transfer of group {group} with itself.");
            checks.Range(field + ".first_slot", transfer.FirstSlot, start, end - 1);
            checks.Range(field + ".count", transfer.Count, 1, end - transfer.FirstSlot);
            start = transfer.FirstSlot + transfer.Count;
        }
    }

    private static void Check(GroupSummary summary, FieldChecks checks)
    {
        checks.Range("group", summary.Group, 0);
        checks.Range("attempt", summary.Attempt, 0);
        checks.Range("window", summary.Window, 1);
        checks.Range("resampling", summary.Resampling, 0);
        if (summary.Weights is null)
            throw checks.Wrong("weights is missing.");
        SamplingValidation.Check("weights", summary.Weights, checks);
    }

    private static void Check(SnapshotStored stored, FieldChecks checks)
    {
        checks.Range("group", stored.Group, 0);
        checks.Range("epoch", stored.Epoch, 1);
        checks.Range("attempt", stored.Attempt, 0);
        checks.Range("window", stored.Window, 0);
        checks.Range("resampling", stored.Resampling, 0);
    }

    private static void Check(WalkerTransfer transfer, FieldChecks checks)
    {
        checks.Range("attempt", transfer.Attempt, 0);
        checks.Range("resampling", transfer.Resampling, 1);
        checks.Range("from_group", transfer.FromGroup, 0);
        checks.Range("to_group", transfer.ToGroup, 0);
        checks.Walkers(transfer.Walkers);
        int count = transfer.Walkers.Count;
        checks.Slots("first_slot", transfer.FirstSlot, count, int.MaxValue);
        checks.Families(transfer.Families, count, int.MaxValue);
    }

    private static void Check(Snapshot snapshot, FieldChecks checks)
    {
        checks.Range("group", snapshot.Group, 0);
        checks.Range("attempt", snapshot.Attempt, 0);
        checks.Range("window", snapshot.Window, 0);
        checks.Range("resampling", snapshot.Resampling, 0);
        checks.Walkers(snapshot.Walkers);
        int count = snapshot.Walkers.Count;
        checks.Slots("first_slot", snapshot.FirstSlot, count, int.MaxValue);
        checks.LogWeights(snapshot.LogWeights, count);
        checks.Families(snapshot.Families, count, int.MaxValue);
        foreach (var transfer in snapshot.Outgoing)
            Check(transfer, checks);
    }

    private static void Check(ParameterVersion? version, FieldChecks checks)
    {
        if (version is null)
            throw checks.Wrong("parameters is missing.");
        checks.Range("update", version.Update, 0);
        checks.Digest("sha256", version.Sha256);
        if (version.Values.Length % sizeof(float) != 0)
            throw checks.Wrong($"values has {version.Values.Length} bytes; a float32 has 4.");
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(version.Values.Span, digest);
        if (!digest.SequenceEqual(version.Sha256.Span))
            throw checks.Wrong("sha256 is not that of values: the parameters were damaged on the way.");
    }

    private static void Check(RolloutOrder order, FieldChecks checks)
    {
        checks.Range("index", order.Index, 0);
        checks.Range("due_update", order.DueUpdate, 0);
        Check(order.Parameters, checks);
    }

    private static void Check(RolloutMade made, FieldChecks checks)
    {
        checks.Range("index", made.Index, 0);
        if (made.Rollout.IsEmpty)
            throw checks.Wrong("rollout is missing.");
    }

    private static void Check(BatchRequest request, FieldChecks checks)
    {
        checks.Range("update", request.Update, 0);
        checks.Range("pairs", request.Pairs, 1, 1_000_000);
    }

    private static void Check(Batch batch, FieldChecks checks)
    {
        checks.Range("update", batch.Update, 0);
        checks.Walkers(batch.Walkers);
        checks.Length("times", batch.Times.Count, batch.Walkers.Count);
        checks.Times("times", batch.Times, strictly: false);
    }

    private static void Check(ControlRequest request, FieldChecks checks)
    {
        checks.Range("request", request.Request, 0);
        checks.Chosen("command", request.Command);
        if ((request.Command == ControlRequest.Types.Command.Set) != (request.Key.Length > 0))
            throw checks.Wrong("key is for the command 'set', which needs one.");
    }
}
