using Leaps.Actors.Scheduler;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>Whatever happened: once it ends, every actor that is wanted lives exactly once, and well placed.
/// </summary>
public sealed class SchedulerSimulationTests
{
    private const int Seeds = 300, Faulty = 160, Calm = 160;

    [Fact]
    public void Once_faults_end_every_wanted_actor_lives_exactly_once_and_nodes_are_in_balance()
    {
        int actors = 0, runs = 0, over = 0, waiting = 0;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            var cluster = new SchedulerSimulation(seed);
            cluster.Live(Faulty);
            cluster.Recover(Calm);
            AssertJournal(cluster, seed);
            AssertPlaces(cluster, seed);
            AssertBalance(cluster, seed);
            actors += cluster.Living.Sum(node => node.Hosted.Count);
            runs += cluster.Submitted.Count;
            over += cluster.Over.Count;
            waiting += cluster.State.Runs.Values.Count(cluster.State.Waits);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{runs} runs, {over} over, {waiting} wait for a node, {actors} actors");
        // The dice come to all of it.
        Assert.True(actors > 10 * (int)Seeds && over > Seeds / 10 && waiting > Seeds / 10);
    }

    [Fact]
    public void While_the_scheduler_lives_and_is_told_the_truth_no_actor_ever_lives_on_two_nodes()
    {
        for (ulong seed = 1; seed <= 60; seed++)
            new SchedulerSimulation(seed, deceived: false).Live(300);
    }

    private static void AssertJournal(SchedulerSimulation cluster, ulong seed)
    {
        var recovered = cluster.Recovered;
        Assert.True(cluster.Submitted.SetEquals(recovered.Runs.Keys), $"seed {seed}: a run is forgotten");
        Assert.True(cluster.Drained.SetEquals(recovered.Drained), $"seed {seed}: a drain is forgotten");
        Assert.True(cluster.Over.SetEquals(
            recovered.Runs.Values.Where(run => run.IsOver).Select(run => run.Run)), $"seed {seed}: an end");
        Assert.Equal(cluster.State.Epoch, recovered.Epoch);
    }

    private static void AssertPlaces(SchedulerSimulation cluster, ulong seed)
    {
        var nodes = cluster.Living.ToArray();
        Assert.Equal(nodes.Select(node => node.Name), cluster.State.Alive.Select(node => node.Name));
        var open = cluster.State.Alive.Where(cluster.State.Accepts).ToArray();
        var expected = cluster.State.Runs.Values.Where(run => !run.IsOver).SelectMany(run =>
            open.Any(node => run.Device.Length == 0 || node.Beat.Device == run.Device) ? run.Wanted() : []);
        string[] hosted = [.. nodes.SelectMany(node => node.Hosted.Keys).Order().Select(key => $"{key}")];
        Assert.True(expected.Order().Select(key => $"{key}").SequenceEqual(hosted),
            $"seed {seed}: wanted\n{string.Join('\n', expected.Order())}\nbut there are\n"
                + string.Join('\n', hosted));
        foreach (var node in nodes.Where(node => node.Leaving || cluster.Drained.Contains(node.Name)))
            Assert.True(node.Hosted.Count == 0, $"seed {seed}: {node.Name} should be empty");
        foreach (var run in cluster.State.Runs.Values.Where(run => run.Scale > 0))
        {
            int used = nodes.Count(node => node.Hosted.Keys.Any(key => key.Run == run.Run && key.IsGroup));
            Assert.True(used <= run.Scale, $"seed {seed}: {run.Run} uses {used} nodes of {run.Scale}");
        }
    }

    private static void AssertBalance(SchedulerSimulation cluster, ulong seed)
    {
        var state = cluster.State;
        var open = state.Alive.Where(state.Accepts).ToArray();
        double Load(NodeRecord node) => node.Hosted.Sum(actor => state.Runs[actor.Run].Weight(actor));
        foreach (var node in open)
        {
            // Groups that may go anywhere and have failed nowhere.
            var free = node.Hosted.Where(actor => actor.IsGroup && state.Runs[actor.Run].Scale == 0
                && state.Runs[actor.Run].Device.Length == 0 && !state.HasFailed(actor));
            if (!free.Any()) continue;
            double least = open.Min(other => (Load(other) + 1) / other.Beat.Speed);
            double share = Load(node) / node.Beat.Speed;
            Assert.True(share <= 1.2 * least + 1e-9,
                $"seed {seed}: {node.Name} has a share of {share}; elsewhere an actor would have {least}");
        }
    }
}
