using Leaps.Actors.Protocol;

namespace Leaps.Actors.Coordinator;

/// <summary>A resampling plan of a replica, told to each of its groups in numbers of the run.</summary>
internal static class PlanMessages
{
    /// <returns>(groups)</returns>
    public static Protocol.ResamplingPlan[] Of(ResamplingPlan plan, ReplicaState replica)
    {
        var task = replica.Task;
        int firstGroup = replica.Replica * task.Groups, firstSlot = task.FirstSlotOfReplica(replica.Replica);
        var messages = new Protocol.ResamplingPlan[task.Groups];
        for (int g = 0; g < messages.Length; g++)
        {
            var share = plan.Shares[g];
            messages[g] = new Protocol.ResamplingPlan
            {
                Group = firstGroup + g,
                Attempt = replica.Attempt,
                Resampling = replica.Resamplings,
                Window = replica.LastResampling!.Window,
                Scale = SamplingPacking.ToMessage(share.Scale),
                Before = share.Before,
                Total = share.Total,
                Points = SamplingPacking.ToMessage(share.Points),
                FirstOffspring = firstSlot + share.FirstSlot,
                Offspring = share.Offspring,
            };
        }
        foreach (var transfer in plan.Transfers.Where(transfer => transfer.Source != transfer.Destination))
        {
            messages[transfer.Source].Outgoing.Add(Run(transfer, transfer.Destination));
            messages[transfer.Destination].Incoming.Add(Run(transfer, transfer.Source));
        }
        return messages;

        SlotTransfer Run(Transfer transfer, int other) => new()
        {
            Group = firstGroup + other,
            FirstSlot = firstSlot + transfer.FirstSlot,
            Count = transfer.Count,
        };
    }
}
