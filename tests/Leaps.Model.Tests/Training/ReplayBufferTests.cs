using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>
/// The replay buffer, with states that tell where they come from: rollout, time and walker in one site each.
/// </summary>
public sealed class ReplayBufferTests
{
    private const int Walkers = 5, Times = 4, Sites = 3, Values = 64;

    [Fact]
    public void It_is_bounded_and_the_oldest_rollout_is_dropped_first()
    {
        var buffer = new ReplayBuffer(capacity: 3);
        for (int rollout = 0; rollout < 7; rollout++)
        {
            buffer.Add(Rollout(rollout));
            Assert.Equal(Math.Min(rollout + 1, 3), buffer.Count);
            Assert.Equal(rollout >= 2, buffer.IsFull);
            var present = Draw(buffer, batches: 200).Select(pair => pair.Rollout).ToHashSet();
            Assert.Equal(Enumerable.Range(Math.Max(0, rollout - 2), buffer.Count), present.Order());
        }
    }

    // Uniform over rollouts, and within one over times and walkers: chi-square scores below 4.5.
    [Fact]
    public void Draws_are_uniform_and_time_and_state_belong_together()
    {
        var buffer = new ReplayBuffer(capacity: 3);
        for (int rollout = 0; rollout < 3; rollout++)
            buffer.Add(Rollout(rollout));
        var rollouts = new long[3];
        var pairs = new long[Times * Walkers];
        const int batches = 3000;
        for (int step = 0; step < batches; step++)
        {
            var batch = Batch(buffer, step, count: 6);
            rollouts[batch.States[0]]++;
            for (int b = 0; b < batch.Count; b++)
            {
                var state = batch.States.AsSpan(b * Sites, Sites);
                Assert.Equal(batch.States[0], state[0]);                // one rollout a batch
                Assert.Equal(Time(state[0], state[1]), batch.Times[b]);
                pairs[state[1] * Walkers + state[2]]++;
            }
            Assert.Equal(batch.Times.Order(), batch.Times);             // equal times lie together
        }
        Assert.True(ChiSquare.Score(rollouts, [1 / 3.0, 1 / 3.0, 1 / 3.0]) < ChiSquare.Bound);
        double[] uniform = [.. Enumerable.Repeat(1.0 / pairs.Length, pairs.Length)];
        Assert.True(ChiSquare.Score(pairs, uniform) < ChiSquare.Bound);
    }

    [Fact]
    public void The_same_stream_draws_the_same_pairs()
    {
        var buffer = new ReplayBuffer(capacity: 2);
        buffer.Add(Rollout(0));
        buffer.Add(Rollout(1));
        Assert.Equal(Batch(buffer, step: 4, count: 50).States, Batch(buffer, step: 4, count: 50).States);
        Assert.NotEqual(Batch(buffer, step: 4, count: 50).States, Batch(buffer, step: 5, count: 50).States);
    }

    [Fact]
    public void A_buffer_filled_again_in_order_draws_the_same_pairs()
    {
        var buffer = new ReplayBuffer(capacity: 3);
        for (int rollout = 0; rollout < 5; rollout++)
            buffer.Add(Rollout(rollout));
        var other = new ReplayBuffer(capacity: 3);
        foreach (var rollout in buffer.Rollouts)
            other.Add(Leaps.Model.Training.Rollout.FromBytes(rollout.ToBytes()));
        Assert.Equal([2, 3, 4], other.Rollouts.Select(rollout => rollout.Entry.Index));
        for (int step = 0; step < 20; step++)
        {
            var (expected, found) = (Batch(buffer, step, count: 50), Batch(other, step, count: 50));
            Assert.Equal(expected.States, found.States);
            Assert.Equal(expected.Times, found.Times);
        }
    }

    [Fact]
    public void An_empty_buffer_has_nothing_to_draw() =>
        Assert.Throws<InvalidOperationException>(() => Batch(new ReplayBuffer(3), step: 0, count: 1));

    private static Rollout Rollout(int number)
    {
        var slices = new PackedStates[Times];
        for (int n = 0; n < Times; n++)
        {
            byte[] states = [.. Enumerable.Range(0, Walkers).SelectMany(m =>
                (byte[])[(byte)number, (byte)n, (byte)m])];
            slices[n] = PackedStates.Pack(states, Walkers, Sites, Values);
        }
        return new Rollout(new ScheduledRollout(number, number, number), new string('0', 64),
            [.. Enumerable.Range(0, Times).Select(n => Time(number, n))], slices,
            [.. Enumerable.Range(0, Times).Select(n => new double[Walkers])]);
    }

    private static double Time(int rollout, int n) => (double)n / Times + 0.01 * rollout;

    private static TrainingBatch Batch(ReplayBuffer buffer, int step, int count)
    {
        var batch = new TrainingBatch(count, Sites);
        var stream = new RandomStream(1, RandomPurpose.Test, 0, step);
        buffer.Sample(batch, Sites, ref stream);
        return batch;
    }

    private static IEnumerable<(int Rollout, int Time, int Walker)> Draw(ReplayBuffer buffer, int batches)
    {
        for (int step = 0; step < batches; step++)
        {
            byte[] states = Batch(buffer, step, count: 1).States;
            yield return (states[0], states[1], states[2]);
        }
    }
}
