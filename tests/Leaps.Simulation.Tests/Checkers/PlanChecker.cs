using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Plan = Leaps.Actors.Protocol.ResamplingPlan;

namespace Leaps.Simulation.Tests.Checkers;

/// <summary>At each resampling the plans of a replica's groups fill every slot exactly once.</summary>
internal sealed class PlanChecker : Checker
{
    public override void CoordinatorStepped(
        CoordinatorState before, object message, Transition<CoordinatorState> transition)
    {
        var task = transition.State.Task;
        foreach (var plans in transition.Effects.OfType<Send>().Select(send => send.Body).OfType<Plan>()
            .Where(plan => !plan.Again)
            .GroupBy(plan => (task.ReplicaOf(plan.Group), plan.Attempt, plan.Resampling)))
        {
            Check([.. plans.OrderBy(plan => plan.Group)], task);
        }
    }

    private void Check(Plan[] plans, SamplingTask task)
    {
        Require(plans.Length == task.Groups, $"{plans.Length} plans for {task.Groups} groups");
        var sources = new int[task.Options.Walkers];
        long first = task.FirstSlotOf(plans[0].Group), next = first;
        foreach (var plan in plans)
        {
            Require(plan.FirstOffspring == next, $"offspring of group {plan.Group} begins at {next}");
            for (int k = 0; k < plan.Offspring; k++)
                sources[next++ - first] = plan.Group;
        }
        Require(next == first + sources.Length, $"{next - first} offspring for {sources.Length} slots");
        foreach (var plan in plans)
        {
            long own = task.FirstSlotOf(plan.Group);
            var expected = Enumerable.Range(0, task.CountOf(plan.Group))
                .Select(k => (Slot: own + k, Source: sources[own + k - first]))
                .Where(slot => slot.Source != plan.Group);
            Require(expected.SequenceEqual(plan.Incoming.SelectMany(run => Enumerable.Range(0, run.Count)
                .Select(k => (run.FirstSlot + k, run.Group)))),
                $"group {plan.Group} awaits {plan.Incoming}");
            foreach (var run in plan.Outgoing)
            {
                var awaited = plans[run.Group - plans[0].Group].Incoming;
                Require(awaited.Any(other => other.Group == plan.Group
                    && other.FirstSlot == run.FirstSlot && other.Count == run.Count),
                    $"group {plan.Group} sends {run}, which group {run.Group} does not await");
            }
        }
    }
}
