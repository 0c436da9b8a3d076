using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Coordinator;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>Groups at a global resampling: a coordinator's plans for the weights of real windows.</summary>
public sealed class ExchangeTests
{
    public static TheoryData<ResamplingScheme> Schemes => [.. Enum.GetValues<ResamplingScheme>()];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Together_the_groups_become_what_one_process_would(ResamplingScheme scheme)
    {
        var resampled = Resampled.At(window: 2, moved: 4, scheme, groups: 3);
        var transfers = resampled.Plans.SelectMany(plan => resampled.Groups[plan.Group].Take(plan)
            .Sent<WalkerTransfer>()).ToArray();
        Assert.NotEmpty(transfers);
        foreach (var transfer in transfers.Reverse())
            resampled.Groups[transfer.ToGroup].Take(transfer);
        Assert.All(resampled.Groups, group =>
            Assert.Equal((1, 2), (group.State.Resampling, group.State.Window)));
        var population = resampled.Population(2);
        Assert.Equal(resampled.After.States, population.States);
        Assert.Equal(resampled.After.Families, population.Families);
        Assert.Equal(resampled.After.LogWeights, population.LogWeights);
    }

    [Fact]
    public void A_plan_for_an_earlier_window_takes_it_back_and_its_move_is_abandoned()
    {
        var resampled = Resampled.At(window: 2, moved: 4);
        var plan = resampled.Plans.First(plan => plan.Incoming.Count > 0);
        var group = resampled.Groups[plan.Group];
        group.Limit(version: 2, settled: 0, limit: 6);
        Assert.True(group.Moves);
        var late = group.Answer();
        Assert.Single(group.Take(plan).OfType<AbandonMove>());
        Assert.Equal(2, group.State.Window);
        Assert.Empty(group.Take(late));
        Assert.Equal([0, 1, 2], group.State.Moments.Keys);
        Assert.False(group.Moves);
    }

    [Fact]
    public void A_group_that_is_behind_moves_to_the_window_of_the_plan_first()
    {
        var resampled = Resampled.At(window: 2, moved: 2);
        var behind = new GroupUnderTest(resampled.Task);
        behind.Place();
        Assert.Empty(behind.Take(resampled.Plans[0]).Sent<WalkerTransfer>());
        Assert.True(behind.Moves);
        var expected = resampled.Groups[0].Take(resampled.Plans[0]).Sent<WalkerTransfer>();
        Assert.Equal(expected, behind.MoveAll().Sent<WalkerTransfer>());
        Assert.Equal(2, behind.State.Window);
    }

    [Fact]
    public void Transfers_that_come_before_the_plan_are_kept_for_it()
    {
        var (receiver, plan, transfer, _) = Pair();
        Assert.Empty(receiver.Take(transfer));
        receiver.Take(plan);
        Assert.Equal(1, receiver.State.Resampling);
    }

    [Fact]
    public void It_stores_its_walkers_at_once_with_the_transfers_that_others_may_still_want()
    {
        var (receiver, plan, transfer, sender) = Pair();
        receiver.Take(plan);
        var snapshot = Assert.Single(receiver.Take(transfer).OfType<SaveSnapshot>()).Snapshot;
        Assert.Equal((2, 1L), (snapshot.Window, snapshot.Resampling));
        Assert.Empty(snapshot.Outgoing);
        Assert.All(snapshot.LogWeights, weight => Assert.Equal(0, weight));
        var stored = sender.State.Stored!;
        Assert.Equal([transfer], stored.Outgoing);
        Assert.Equal(new GroupReady
        {
            Group = sender.State.Group,
            Epoch = 2,
            Resampling = 1,
            StoredWindow = 2,
            StoredResampling = 1,
        }, Assert.Single(sender.Reborn().Place(epoch: 2).Sent<GroupReady>()));
        Assert.Equal([transfer], sender.Reborn().Place(epoch: 2).Sent<WalkerTransfer>());
    }

    [Fact]
    public void When_the_plan_says_again_it_asks_for_what_has_not_come()
    {
        var (receiver, plan, transfer, sender) = Pair();
        var again = plan.Clone();
        again.Again = true;
        Assert.Empty(receiver.Take(plan).Sent<TransferRequest>());
        var expected = new TransferRequest
        {
            Resampling = 1,
            FromGroup = sender.State.Group,
            ToGroup = receiver.State.Group,
        };
        var request = Assert.Single(receiver.Take(again).Sent<TransferRequest>());
        Assert.Equal(expected, request);
        Assert.Equal(expected, Assert.Single(receiver.Take(again).Sent<TransferRequest>()));

        var send = Assert.IsType<Send>(Assert.Single(sender.Take(request)));
        Assert.Equal((ActorNames.Group(receiver.State.Group), transfer), (send.Recipient, send.Body));
        receiver.Take(transfer);
        Assert.Equal(1, receiver.State.Resampling);
        Assert.Empty(receiver.Take(again));
    }

    [Fact]
    public void Reborn_before_the_resampling_it_goes_through_it_again_and_asks()
    {
        var (receiver, plan, transfer, _) = Pair();
        receiver.Take(plan);
        receiver.Take(transfer);
        var expected = receiver.State.Moments[2].Walkers.Unpack();
        var reborn = new GroupUnderTest(SampleTasks.Small(runAhead: 6, threshold: 1), receiver.State.Group);
        reborn.Place(epoch: 2);
        var again = plan.Clone();
        again.Again = true;
        Assert.Empty(reborn.Take(again).Sent<TransferRequest>());
        Assert.Single(reborn.MoveAll().Sent<TransferRequest>());
        reborn.Take(transfer);
        var walkers = reborn.State.Moments[2].Walkers.Unpack();
        Assert.Equal(1, reborn.State.Resampling);
        Assert.Equal(expected.States, walkers.States);
        Assert.Equal(expected.Families, walkers.Families);
    }

    [Fact]
    public void It_keeps_its_transfers_until_all_have_stored_and_says_so_afterwards()
    {
        var (_, _, transfer, sender) = Pair();
        var request = new TransferRequest
        {
            Resampling = 1,
            FromGroup = transfer.FromGroup,
            ToGroup = transfer.ToGroup,
        };
        sender.Limit(version: 2, settled: 2, limit: 3, resampling: 1);
        Assert.Equal([transfer], sender.Take(request).Sent<WalkerTransfer>());
        sender.Limit(version: 3, settled: 3, limit: 3, resampling: 1, allStored: true);
        var send = Assert.IsType<Send>(Assert.Single(sender.Take(request)));
        var forgotten = new TransferForgotten { Resampling = 1, ToGroup = transfer.ToGroup };
        Assert.Equal((ActorNames.Coordinator, forgotten), (send.Recipient, send.Body));
        request.Attempt = 1;
        Assert.Empty(sender.Take(request));
    }

    [Fact]
    public void Transfers_of_a_resampling_that_is_still_to_come_are_sent_when_it_does()
    {
        var resampled = Resampled.At(window: 2, moved: 2);
        int from = resampled.Plans.First(plan => plan.Outgoing.Count > 0).Group;
        var sender = resampled.Groups[from];
        Assert.Empty(sender.Take(
            new TransferRequest { Resampling = 1, FromGroup = from, ToGroup = 1 - from }));
        Assert.Single(sender.Take(resampled.Plans[from]).Sent<WalkerTransfer>());
    }

    [Fact]
    public void After_a_resampling_it_waits_for_a_limit_that_knows_of_it()
    {
        var (receiver, plan, transfer, _) = Pair();
        receiver.Take(plan);
        receiver.Take(transfer);
        Assert.False(receiver.Moves);
        receiver.Limit(version: 2, settled: 2, limit: 6);
        Assert.False(receiver.Moves);
        receiver.Limit(version: 3, settled: 2, limit: 3, resampling: 1);
        Assert.True(receiver.Moves);
        Assert.Equal((3, 1), receiver.MoveAll().Sent<GroupSummary>()
            .Select(summary => (summary.Window, (int)summary.Resampling)).Single());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Duplicates_of_every_message_change_nothing(int times)
    {
        var resampled = Resampled.At(window: 2, moved: 3, ResamplingScheme.Residual);
        int to = resampled.Plans.First(plan => plan.Incoming.Count > 0).Group;
        var transfer = resampled.Groups[1 - to].Take(resampled.Plans[1 - to]).Sent<WalkerTransfer>().Single();
        var group = new GroupUnderTest(resampled.Task, to);
        void Take(object message)
        {
            for (int time = 0; time < times; time++)
                group.Take(message);
        }
        AdvanceLimit Limit(long version, int settled, int resampling) => new()
        {
            Group = to,
            Version = version,
            Settled = settled,
            Limit = settled + 3,
            Resampling = resampling,
        };
        Take(new StartGroup { Group = to, Epoch = 1, Sampling = resampled.Task.Specification });
        Take(Limit(1, 0, 0));
        while (group.Moves)
        {
            var answer = group.Answer();
            group.Move();
            Take(answer);
        }
        Assert.Equal(3, group.State.Window);
        Take(resampled.Rewinds[to]);
        Assert.Equal(2, group.State.Window);
        Take(resampled.Plans[to]);
        Take(transfer);
        Assert.Equal((1, 2), (group.State.Resampling, group.State.Window));
        Take(resampled.Rewinds[to]);
        Take(resampled.Plans[to]);
        Take(transfer);
        group.Save();
        Take(new SnapshotSaved(group.State.Stored!));
        Take(Limit(2, 2, 1));
        while (group.Moves)
            Take(Moved(group));
        Assert.Equal((1, 5), (group.State.Resampling, group.State.Window));

        var alone = new GroupUnderTest(resampled.Task, to);
        alone.Place();
        alone.Limit(version: 1, settled: 0, limit: 2);
        alone.MoveAll();
        alone.Take(transfer);
        alone.Take(resampled.Plans[to]);
        alone.Limit(version: 2, settled: 2, limit: 5, resampling: 1);
        alone.MoveAll();
        Assert.Equal(alone.State.Moments[5].Walkers.Unpack().States,
            group.State.Moments[5].Walkers.Unpack().States);
        Assert.Equal(alone.State.Moments[5].Walkers.LogWeights, group.State.Moments[5].Walkers.LogWeights);

        static WindowMoved Moved(GroupUnderTest group)
        {
            var answer = group.Answer();
            group.Move();
            return answer;
        }
    }

    [Fact]
    public void Residual_scheme_it_goes_back_and_tells_its_share_and_waits()
    {
        var resampled = Resampled.At(window: 2, moved: 4, ResamplingScheme.Residual);
        var group = resampled.Groups[0];
        var rewind = resampled.Rewinds[0];
        var expected = GroupResidual.Of(group.State.Moments[2].Walkers.LogWeights,
            SamplingPacking.ToScale(rewind.Scale));
        var share = Assert.Single(group.Take(rewind).Sent<ResidualShare>());
        Assert.Equal((expected.Certain, expected.Fractions), (share.Certain, share.Fractions));
        Assert.Equal((1, 2), (share.Resampling, share.Window));
        Assert.Equal(2, group.State.Window);
        group.Limit(version: 2, settled: 1, limit: 6);
        Assert.False(group.Moves);
        // Settled without resampling, by another threshold.
        group.Limit(version: 3, settled: 2, limit: 6);
        Assert.True(group.Moves);
    }

    [Fact]
    public void A_rewind_to_a_window_ahead_is_answered_there()
    {
        var resampled = Resampled.At(window: 2, moved: 2, ResamplingScheme.Residual);
        var behind = new GroupUnderTest(resampled.Task);
        behind.Place();
        Assert.Empty(behind.Take(resampled.Rewinds[0]).Sent<ResidualShare>());
        Assert.Single(behind.MoveAll().Sent<ResidualShare>());
        Assert.Equal(2, behind.State.Window);
    }

    [Fact]
    public void What_is_said_of_another_attempt_is_ignored()
    {
        var resampled = Resampled.At(window: 2, moved: 3, ResamplingScheme.Residual);
        var group = new GroupUnderTest(resampled.Task);
        group.Place(attempt: 1);
        var limit = new AdvanceLimit { Version = 9, Settled = 0, Limit = 6 };
        Assert.Empty(group.Take(limit));
        Assert.Empty(group.Take(resampled.Rewinds[0]));
        Assert.Empty(group.Take(resampled.Plans[0]));
        limit.Attempt = 1;
        Assert.Single(group.Take(limit).OfType<MoveWindow>());
        Assert.Equal(6, group.MoveAll().Sent<GroupSummary>().Count());
    }

    [Fact]
    public void Transfers_that_do_not_fill_its_slots_are_refused()
    {
        var (receiver, plan, transfer, _) = Pair();
        receiver.Take(plan);
        var wrong = transfer.Clone();
        wrong.FirstSlot++;
        Assert.Throws<LeapsException>(() => receiver.Take(wrong));
    }

    // A group that gets walkers from the other, which is through the resampling.
    private static (GroupUnderTest Receiver, ResamplingPlan Plan, WalkerTransfer Transfer,
        GroupUnderTest Sender) Pair()
    {
        var resampled = Resampled.At(window: 2, moved: 4);
        int from = resampled.Plans.First(plan => plan.Outgoing.Count > 0).Group;
        var sender = resampled.Groups[from];
        var transfer = Assert.Single(sender.Take(resampled.Plans[from]).Sent<WalkerTransfer>());
        sender.Save();
        return (resampled.Groups[1 - from], resampled.Plans[1 - from], transfer, sender);
    }
}
