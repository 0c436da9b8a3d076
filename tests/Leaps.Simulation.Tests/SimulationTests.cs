using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Leaps.Simulation.Tests.Checkers;

namespace Leaps.Simulation.Tests;

public sealed class SimulationTests
{
    private const int Seeds = 600;

    [Fact]
    public void Whatever_fails_and_when_a_run_gives_the_bits_of_an_undisturbed_one()
    {
        var violations = Fuzzer.Run(from: 1, Seeds);
        Assert.True(violations.Count == 0, string.Join('\n', violations.Values));
    }

    [Fact]
    public void A_seed_always_gives_the_same_run()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            var first = new Simulation(Scenario.Draw(seed));
            var second = new Simulation(Scenario.Draw(seed));
            first.Run();
            second.Run();
            Assert.Equal((first.Events, first.Clock.Now), (second.Events, second.Clock.Now));
            Assert.Equal(first.Network.Sent, second.Network.Sent);
            Assert.Equal(first.Disk.Events(), second.Disk.Events());
        }
    }

    [Fact]
    public void Scenarios_hold_every_kind_of_trouble()
    {
        var scenarios = Enumerable.Range(1, Seeds).Select(seed => Scenario.Draw((ulong)seed)).ToList();
        Assert.All(Enum.GetValues<ResamplingScheme>(),
            scheme => Assert.Contains(scenarios, scenario => scenario.Task.Options.Resampling == scheme));
        Assert.Contains(scenarios, scenario => scenario.Network is not null && scenario.Faults > 0);
        Assert.Contains(scenarios,
            scenario => scenario is { Damage: > 0, Zombies: > 0, Loss: > 0, Faults: > 0 });
        Assert.Contains(scenarios, scenario => scenario is { ExtendTo: > 0, TimeLimit: > 0 });
        Assert.Contains(scenarios, scenario => scenario.Faults == 0);
        Assert.Contains(scenarios, scenario => !scenario.IsFixed);
    }

    [Theory]
    [InlineData("Progress", Sabotage.LoseTransfer)]
    [InlineData("TruthChecker", Sabotage.AlterTransfer)]
    [InlineData("JournalChecker", Sabotage.SkipEvent)]
    [InlineData("JournalChecker", Sabotage.HurryEffects)]
    [InlineData("TruthChecker", Sabotage.MislabelSnapshot)]
    [InlineData("TruthChecker", Sabotage.SwapWalkers)]
    [InlineData("TruthChecker", Sabotage.AlterSummary)]
    internal void A_checker_sees_what_no_run_can_bear(string checker, Sabotage sabotage)
    {
        var seen = new HashSet<string>();
        for (ulong seed = 1; seed <= 200 && !seen.Contains(checker); seed++)
        {
            try
            {
                new Simulation(Scenario.Draw(seed) with { Sabotage = sabotage }).Run();
            }
            catch (ViolationException violation)
            {
                seen.Add(violation.Checker);
            }
            catch (ProtocolException refused)
            {
                seen.Add(refused.GetType().Name);
            }
        }
        Assert.True(seen.Contains(checker), $"seen: {string.Join(", ", seen)}");
    }

    [Fact]
    public void Every_kind_of_message_and_event_occurs()
    {
        var messages = new HashSet<string>();
        var events = new HashSet<CoordinatorEvent.BodyOneofCase>();
        for (ulong seed = 1; seed <= 400; seed++)
        {
            var simulation = new Simulation(Scenario.Draw(seed));
            simulation.Run();
            messages.UnionWith(simulation.Network.Sent.Keys);
            events.UnionWith(simulation.Disk.Events().Select(item => item.BodyCase));
        }
        string[] expected =
        [
            nameof(AdvanceLimit), nameof(GroupReady), nameof(GroupSummary), nameof(PlacementRequest),
            nameof(ResamplingPlan), nameof(ResidualShare), nameof(Rewind), nameof(SnapshotStored),
            nameof(StartGroup), nameof(TransferForgotten), nameof(TransferRequest), nameof(WalkerTransfer),
        ];
        Assert.Equal(expected, messages.Order());
        Assert.Equal(Enum.GetValues<CoordinatorEvent.BodyOneofCase>()[1..].Order(), events.Order());
    }

    [Fact]
    public void The_truth_is_that_of_an_ensemble_of_replicas()
    {
        var scenario = Scenario.Draw(3);
        var task = scenario.Task.With(replicas: 3);
        var ensemble = new ReplicaEnsemble(
            task.Target, scenario.Network, task.Options, task.Replicas, task.Times)
            .Run(cancellation: TestContext.Current.CancellationToken);
        for (int r = 0; r < task.Replicas; r++)
        {
            var truth = new Truth(task, scenario.Network, r, _ => task.Options.ResamplingThreshold);
            Assert.Equal(ensemble.ReplicaLogZ[r], truth.Windows[^1].LogZ);
            Assert.Equal(ensemble.Resamplings[r], truth.Resamplings[^1]);
            var walkers = truth.Moments[^1];
            int first = task.FirstSlotOfReplica(r);
            Assert.Equal(walkers.States,
                ensemble.Walkers.States[(first * walkers.Sites)..((first + walkers.Count) * walkers.Sites)]);
            Assert.Equal(walkers.Families, ensemble.Walkers.Families[first..(first + walkers.Count)]);
            for (int m = 0; m < walkers.Count; m++)
            {
                Assert.Equal(ensemble.Walkers.LogWeights[first + m],
                    walkers.LogWeights[m] + truth.LogNormalizerRatio);
            }
        }
    }
}
