using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.Tests.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>
/// Walkers come back bit by bit, in as few bytes as promised, and only into the slots they are for.
/// </summary>
public sealed class GroupWalkersTests
{
    private static readonly MessageCodec Codec = new(SampleMessages.Run);

    [Fact]
    public void A_snapshot_gives_the_same_walkers_for_every_q_and_size()
    {
        var cases =
            from q in Gen.Choose(2, 64)          // as many as a Potts target may have
            from rows in Gen.Choose(2, 6)
            from columns in Gen.Choose(2, 6)
            from count in Gen.Choose(1, 8)
            from firstSlot in Gen.Choose(0, 1000)
            select (q, rows, columns, count, firstSlot);
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var target = new PottsTarget(new Lattice(c.rows, c.columns), c.q, SampleMessages.Schedule());
            var walkers = SampleMessages.Population(target, c.count, c.firstSlot);
            var envelope = SampleMessages.Empty();
            envelope.Snapshot = GroupWalkers.Of(walkers, target).ToSnapshot();
            return AreSame(
                walkers, GroupWalkers.Of(Codec.Decode(Codec.Encode(envelope)).Snapshot, target).Unpack());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(1, 1));
    }

    [Fact]
    public void A_hundred_thousand_Ising_walkers_at_L_15_take_less_than_three_megabytes_and_their_weights()
    {
        const int count = 100_000;
        var target = new IsingTarget(new Lattice(15, 15), SampleMessages.Schedule());
        var walkers = Walkers.Uniform(target, count, seed: 1);
        var envelope = SampleMessages.Empty();
        envelope.Snapshot = GroupWalkers.Of(walkers, target).ToSnapshot();
        Assert.InRange(envelope.Snapshot.Walkers.Packed.Length, 1, 3_000_000);
        byte[] message = Codec.Encode(envelope);
        Assert.InRange(message.Length, 1, 3_000_000 + count * (sizeof(double) + 3));
        Assert.True(AreSame(walkers, GroupWalkers.Of(Codec.Decode(message).Snapshot, target).Unpack()));
    }

    [Fact]
    public void What_becomes_of_the_walkers_later_does_not_change_what_was_packed()
    {
        var target = SampleMessages.Potts;
        var walkers = SampleMessages.Population(target);
        var packed = GroupWalkers.Of(walkers, target);
        walkers.States.AsSpan().Clear();
        walkers.LogWeights.AsSpan().Clear();
        walkers.Families.AsSpan().Clear();
        Assert.True(AreSame(SampleMessages.Population(target), packed.Unpack()));
        packed.Unpack().LogWeights.AsSpan().Clear();
        Assert.True(AreSame(SampleMessages.Population(target), packed.Unpack()));
    }

    [Fact]
    public void The_groups_of_a_task_start_as_the_parts_of_its_populations()
    {
        var task = SampleTasks.Small(groups: 3, replicas: 2);
        for (int replica = 0; replica < 2; replica++)
        {
            var whole = Walkers.Uniform(task.Target, task.Options.Walkers, task.OptionsOf(replica).Seed,
                task.FirstSlotOfReplica(replica));
            var joined = new Walkers(whole.Count, whole.Sites, whole.FirstSlot);
            for (int group = 3 * replica; group < 3 * replica + 3; group++)
            {
                var part = GroupWalkers.Start(task, group);
                part.CopyTo(joined, (int)(part.FirstSlot - whole.FirstSlot));
            }
            Assert.True(AreSame(whole, joined));
        }
    }

    [Fact]
    public void Offspring_of_several_groups_fill_a_group_with_their_states_and_families_and_weight_one()
    {
        var target = SampleMessages.Ising;
        var left = SampleMessages.Population(target, 6, firstSlot: 10);
        var right = SampleMessages.Population(target, 5, firstSlot: 20);
        var own = Assemble(target,
            GroupWalkers.Of(left, target).Offspring([2, 2, 5], 17),
            GroupWalkers.Of(right, target).Offspring([0, 4], 20)).Unpack();

        Assert.Equal(17, own.FirstSlot);
        Assert.Equal([12, 12, 15, 20, 24], own.Families);
        Assert.Equal(new double[5], own.LogWeights);
        byte[] expected = [.. left.State(2), .. left.State(2), .. left.State(5), .. right.State(0),
            .. right.State(4)];
        Assert.Equal(expected, own.States);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(21)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void Transfers_that_leave_a_gap_or_overlap_are_refused(long second)
    {
        var target = SampleMessages.Ising;
        var walkers = GroupWalkers.Of(SampleMessages.Population(target), target);
        var error = Assert.Throws<ProtocolException>(() => Assemble(
            target, walkers.Offspring([0, 1, 2], 17), walkers.Offspring([3], second)));
        Assert.Equal($"transfer to slot {second}, where one to slot 20 is due.", error.Message);
    }

    [Fact]
    public void A_transfer_with_fewer_families_than_walkers_is_refused()
    {
        var target = SampleMessages.Ising;
        var transfer = GroupWalkers.Of(SampleMessages.Population(target), target).Offspring([0, 1, 2], 17);
        transfer.Families.RemoveAt(0);
        var error = Assert.Throws<ProtocolException>(() => Assemble(target, transfer));
        Assert.Equal("3 walkers with 2 families.", error.Message);
    }

    [Fact]
    public void Walkers_of_another_target_are_refused()
    {
        var walkers = GroupWalkers.Of(
            SampleMessages.Population(SampleMessages.Potts), SampleMessages.Potts);
        var snapshot = walkers.ToSnapshot();
        var error = Assert.Throws<ProtocolException>(
            () => GroupWalkers.Of(snapshot, SampleMessages.Ising));
        Assert.Equal("walkers of 16 sites with 3 states: the target has 15 sites with 2 states.",
            error.Message);
        Assert.Throws<ProtocolException>(() => Assemble(SampleMessages.Ising, walkers.Offspring([1], 3)));
        snapshot.Walkers.Packed = ByteString.CopyFrom([.. Enumerable.Repeat((byte)0xFF, 24)]);
        Assert.Throws<ProtocolException>(() => GroupWalkers.Of(snapshot, SampleMessages.Potts));
    }

    private static GroupWalkers Assemble(Target target, params WalkerTransfer[] transfers) =>
        GroupWalkers.Assemble(transfers, target);

    private static bool AreSame(Walkers left, Walkers right) =>
        left.FirstSlot == right.FirstSlot
        && left.States.AsSpan().SequenceEqual(right.States)
        && left.LogWeights.AsSpan().SequenceEqual(right.LogWeights)
        && left.Families.AsSpan().SequenceEqual(right.Families);
}
