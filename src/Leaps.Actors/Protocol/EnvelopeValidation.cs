using System.Security.Cryptography;
using Google.Protobuf.Collections;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Actors.Protocol;

/// <summary>
/// What leaps.proto promises of every field, checked. Throws <see cref="ProtocolException"/>.
/// </summary>
internal static class EnvelopeValidation
{
    private const double Rounding = 1 + 1e-9;

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
            case Body.GroupSummary: Check(envelope.GroupSummary, envelope.Epoch, checks); break;
            case Body.SnapshotStored: Check(envelope.SnapshotStored, checks); break;
            case Body.WalkerTransfer: Check(envelope.WalkerTransfer, checks); break;
            case Body.Snapshot: Check(envelope.Snapshot, checks); break;
            case Body.ParameterVersion: Check(envelope.ParameterVersion, checks); break;
            case Body.RolloutSlice: Check(envelope.RolloutSlice, checks); break;
            case Body.BatchRequest: Check(envelope.BatchRequest, checks); break;
            case Body.Batch: Check(envelope.Batch, checks); break;
            case Body.ControlRequest: Check(envelope.ControlRequest, checks); break;
            case Body.ControlReply: checks.Range("request", envelope.ControlReply.Request, 0); break;
            case Body.Failure: checks.Name("actor", envelope.Failure.Actor); break;
            default:
                throw new ProtocolException(
                    $"message {envelope.Sequence} from {envelope.Sender} has no body.");
        }
    }

    private static void Check(StartGroup start, FieldChecks checks)
    {
        checks.Range("groups", start.Groups, 1);
        checks.Range("group", start.Group, 0, start.Groups - 1);
        checks.Range("count", start.Count, 1);
        checks.Slots("first_slot", start.FirstSlot, start.Count, start.Population);
        checks.Range("epoch", start.Epoch, 1);
        if (start.Times.Count < 2)
            throw checks.Wrong("times has no window; at least two times are needed.");
        checks.Times("times", start.Times, strictly: true);
        checks.Range("first_window", start.FirstWindow, 0, start.Times.Count - 2);
        checks.Range("resampling", start.Resampling, 0);
        checks.Digest("parameters", start.Parameters, optional: true);
        Check(start.Target, checks);
        Check(start.Options, checks);
    }

    private static void Check(TargetSpecification? target, FieldChecks checks)
    {
        if (target is null)
            throw checks.Wrong("target is missing.");
        checks.Chosen("target.kind", target.Kind);
        checks.Chosen("target.shape", target.Shape);
        checks.Range("target.rows", target.Rows, 1, 4096);
        checks.Range("target.columns", target.Columns, 1, 4096);
        checks.Range("target.states", target.States, 2, 256);
        if (target.Kind == TargetSpecification.Types.Kind.Ising && target.States != 2)
            throw checks.Wrong($"target.states is {target.States}; an Ising site has 2.");
        checks.Finite("target.switch_value", target.SwitchValue);
        Check("target.start", target.Start, checks);
        Check("target.end", target.End, checks);
    }

    private static void Check(string field, CouplingValues? couplings, FieldChecks checks)
    {
        if (couplings is null)
            throw checks.Wrong($"{field} is missing.");
        checks.Finite(field + ".j", couplings.J);
        checks.Finite(field + ".field", couplings.Field);
        checks.Finite(field + ".moment", couplings.Moment);
        checks.Finite(field + ".inverse_temperature", couplings.InverseTemperature);
    }

    private static void Check(SamplingOptions? options, FieldChecks checks)
    {
        if (options is null)
            throw checks.Wrong("options is missing.");
        checks.Chosen("options.integrator", options.Integrator);
        checks.Chosen("options.kernel", options.Kernel, allowZero: true);
        checks.Range("options.sweeps", options.Sweeps, 0);
        checks.Range("options.moves", options.Moves, 0);
        checks.Range("options.rate", options.Rate, 0, double.MaxValue);
        checks.Range("options.snapshot_every", options.SnapshotEvery, 0);
    }

    private static void Check(AdvanceLimit limit, FieldChecks checks)
    {
        checks.Range("group", limit.Group, 0);
        checks.Range("settled", limit.Settled, 0);
        checks.Range("limit", limit.Limit, limit.Settled);
    }

    private static void Check(Rewind rewind, FieldChecks checks)
    {
        checks.Range("group", rewind.Group, 0);
        checks.Range("window", rewind.Window, 1);
        checks.Range("resampling", rewind.Resampling, 1);
    }

    private static void Check(ResamplingPlan plan, FieldChecks checks)
    {
        checks.Range("group", plan.Group, 0);
        checks.Range("resampling", plan.Resampling, 1);
        checks.Range("window", plan.Window, 1);
        checks.Range("population", plan.Population, 1, int.MaxValue);
        checks.Range("offset", plan.Offset, 0, Math.BitDecrement(1.0));
        checks.Finite("max_log_weight", plan.MaxLogWeight);
        checks.Range("total_weight", plan.TotalWeight, double.Epsilon, double.MaxValue);
        checks.Range("weight_before", plan.WeightBefore, 0, plan.TotalWeight);
        checks.Range("first_offspring", plan.FirstOffspring, 0, plan.Population);
        checks.Range("offspring", plan.Offspring, 0, plan.Population - plan.FirstOffspring);
        long end = plan.FirstOffspring + plan.Offspring;
        CheckTransfers("outgoing", plan.Outgoing, plan.Group, plan.FirstOffspring, end, checks);
        CheckTransfers("incoming", plan.Incoming, plan.Group, 0, plan.Population, checks);
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

    private static void Check(GroupSummary summary, long epoch, FieldChecks checks)
    {
        checks.Range("group", summary.Group, 0);
        if (summary.Epoch != epoch)
            throw checks.Wrong($"epoch is {summary.Epoch}; its envelope says {epoch}.");
        checks.Range("window", summary.Window, 1);
        checks.Range("resampling", summary.Resampling, 0);
        checks.Range("count", summary.Count, 1);
        checks.Finite("max_log_weight", summary.MaxLogWeight);
        checks.Range("weight_sum", summary.WeightSum, 1, summary.Count * Rounding);
        checks.Range("squared_weight_sum", summary.SquaredWeightSum, 1, summary.WeightSum * Rounding);
        checks.Range("evaluations", summary.Evaluations, 0);
        checks.Range("jumps", summary.Jumps, 0);
        checks.Finite("observable_sums", summary.ObservableSums);
    }

    private static void Check(SnapshotStored stored, FieldChecks checks)
    {
        checks.Range("group", stored.Group, 0);
        checks.Range("window", stored.Window, 0);
        checks.Range("resampling", stored.Resampling, 0);
        checks.Digest("sha256", stored.Sha256);
    }

    private static void Check(WalkerTransfer transfer, FieldChecks checks)
    {
        checks.Range("resampling", transfer.Resampling, 0);
        checks.Range("from_group", transfer.FromGroup, 0);
        checks.Range("to_group", transfer.ToGroup, 0);
        checks.Walkers(transfer.Walkers);
        int count = transfer.Walkers.Count;
        checks.Slots("first_slot", transfer.FirstSlot, count, transfer.Population);
        checks.Families(transfer.Families, count, transfer.Population);
        checks.LogWeights(transfer.LogWeights, count, optional: true);
    }

    private static void Check(Snapshot snapshot, FieldChecks checks)
    {
        checks.Range("group", snapshot.Group, 0);
        checks.Range("window", snapshot.Window, 0);
        checks.Range("resampling", snapshot.Resampling, 0);
        checks.Walkers(snapshot.Walkers);
        int count = snapshot.Walkers.Count;
        checks.Slots("first_slot", snapshot.FirstSlot, count, snapshot.Population);
        checks.LogWeights(snapshot.LogWeights, count);
        checks.Families(snapshot.Families, count, snapshot.Population);
    }

    private static void Check(ParameterVersion version, FieldChecks checks)
    {
        checks.Range("update", version.Update, 0);
        checks.Digest("sha256", version.Sha256);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(version.Data.Span, digest);
        if (!digest.SequenceEqual(version.Sha256.Span))
            throw checks.Wrong("sha256 is not that of data: the parameters were damaged on the way.");
    }

    private static void Check(RolloutSlice slice, FieldChecks checks)
    {
        checks.Range("rollout", slice.Rollout, 0);
        checks.Range("slices", slice.Slices, 1);
        checks.Range("slice", slice.Slice, 0, slice.Slices - 1);
        checks.Range("time", slice.Time, 0, 1);
        checks.Walkers(slice.Walkers);
        checks.LogWeights(slice.LogWeights, slice.Walkers.Count);
        checks.Digest("parameters", slice.Parameters, optional: true);
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
