using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>
/// Walkers come back bit by bit, in as few bytes as promised, and only into the slots they are for.
/// </summary>
public sealed class WalkerPackingTests
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
            envelope.Snapshot = WalkerPacking.ToSnapshot(walkers, target, 0, 1, 0, population: 2000);
            var read = WalkerPacking.ToWalkers(Codec.Decode(Codec.Encode(envelope)).Snapshot, target);
            return read.FirstSlot == walkers.FirstSlot
                && read.States.AsSpan().SequenceEqual(walkers.States)
                && read.LogWeights.AsSpan().SequenceEqual(walkers.LogWeights)
                && read.Families.AsSpan().SequenceEqual(walkers.Families);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(1, 1));
    }

    [Fact]
    public void A_hundred_thousand_Ising_walkers_at_L_15_take_less_than_three_megabytes_and_their_weights()
    {
        const int count = 100_000;
        var target = new IsingTarget(new Lattice(15, 15), SampleMessages.Schedule());
        var walkers = Walkers.Uniform(target, count, seed: 1);
        var envelope = SampleMessages.Empty();
        envelope.Snapshot = WalkerPacking.ToSnapshot(walkers, target, 0, 1, 0, count);
        Assert.InRange(envelope.Snapshot.Walkers.Packed.Length, 1, 3_000_000);
        byte[] message = Codec.Encode(envelope);
        Assert.InRange(message.Length, 1, 3_000_000 + count * (sizeof(double) + 3));
        var read = WalkerPacking.ToWalkers(Codec.Decode(message).Snapshot, target);
        Assert.True(read.States.AsSpan().SequenceEqual(walkers.States));
    }

    [Fact]
    public void Offspring_arrive_with_their_ancestors_states_and_families_and_weight_one()
    {
        var target = SampleMessages.Ising;
        var source = SampleMessages.Population(target, 6, firstSlot: 10);
        var destination = SampleMessages.Population(target, 5, firstSlot: 16);
        byte[] before = [.. destination.States];
        var transfer = WalkerPacking.ToTransfer(source, target, [2, 2, 5], firstSlot: 17);
        WalkerPacking.Receive(transfer, target, destination);

        int[] ancestors = [2, 2, 5];
        for (int k = 0; k < 3; k++)
            Assert.Equal(source.State(ancestors[k]).ToArray(), destination.State(1 + k).ToArray());
        Assert.Equal([16, 12, 12, 15, 20], destination.Families);
        Assert.Equal([-3.7, 0, 0, 0, -1.7], destination.LogWeights.Select(w => Math.Round(w, 12)));
        Assert.Equal(before[..target.Sites], destination.State(0).ToArray());
        Assert.Equal(before[^target.Sites..], destination.State(4).ToArray());
    }

    [Fact]
    public void Walkers_that_only_move_keep_their_weights()
    {
        var target = SampleMessages.Potts;
        var source = SampleMessages.Population(target);
        var destination = new Walkers(6, target.Sites, 10);
        var transfer = WalkerPacking.ToTransfer(source, target, [0, 1, 2, 3, 4, 5], 10, keepLogWeights: true);
        WalkerPacking.Receive(transfer, target, destination);
        Assert.Equal(source.LogWeights, destination.LogWeights);
        Assert.Equal(source.States, destination.States);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(19)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue - 1)]
    public void A_transfer_to_slots_of_another_group_changes_nothing(long firstSlot)
    {
        var target = SampleMessages.Ising;
        var transfer = WalkerPacking.ToTransfer(SampleMessages.Population(target), target, [0, 1, 2],
            firstSlot);
        var destination = SampleMessages.Population(target, 5, firstSlot: 16);
        byte[] before = [.. destination.States];
        Assert.Throws<ProtocolException>(() => WalkerPacking.Receive(transfer, target, destination));
        Assert.Equal(before, destination.States);
    }

    [Fact]
    public void Walkers_of_another_target_are_refused()
    {
        var snapshot = WalkerPacking.ToSnapshot(
            SampleMessages.Population(SampleMessages.Potts), SampleMessages.Potts, 0, 1, 0, 100);
        var error = Assert.Throws<ProtocolException>(() => WalkerPacking.ToWalkers(snapshot,
            SampleMessages.Ising));
        Assert.Equal("walkers of 16 sites with 3 states: the target has 15 sites with 2 states.",
            error.Message);
        snapshot.Walkers.Packed = ByteString.CopyFrom([.. Enumerable.Repeat((byte)0xFF, 24)]);
        Assert.Throws<ProtocolException>(() => WalkerPacking.ToWalkers(snapshot, SampleMessages.Potts));
    }

    [Fact]
    public void A_target_comes_back_the_same()
    {
        foreach (var target in new[] { SampleMessages.Ising, SampleMessages.Potts })
        {
            var read = TargetPacking.ToTarget(TargetPacking.ToMessage(target));
            Assert.Equal(target.GetType(), read.GetType());
            Assert.Equal((target.Lattice.Rows, target.Lattice.Columns, target.States),
                (read.Lattice.Rows, read.Lattice.Columns, read.States));
            Assert.Equal((target.Schedule.Shape, target.Schedule.Start, target.Schedule.End,
                target.Schedule.SwitchValue),
                (read.Schedule.Shape, read.Schedule.Start, read.Schedule.End, read.Schedule.SwitchValue));
        }
    }

    [Fact]
    public void A_target_beyond_the_bounds_of_the_model_is_refused()
    {
        var message = TargetPacking.ToMessage(SampleMessages.Ising);
        message.End.InverseTemperature = 1e300;
        var error = Assert.Throws<ProtocolException>(() => TargetPacking.ToTarget(message));
        Assert.StartsWith("target: βJ is ", error.Message, StringComparison.Ordinal);
    }
}
