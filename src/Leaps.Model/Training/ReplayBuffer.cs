using Leaps.Model.Random;

namespace Leaps.Model.Training;

/// <summary>
/// A bounded buffer of rollouts, the oldest dropped first, sampled by seeded draws. Its state is its
/// rollouts: added again in order they make the same buffer.
/// </summary>
public sealed class ReplayBuffer(int capacity)
{
    private readonly Queue<Rollout> _rollouts = new();

    public int Count => _rollouts.Count;
    public bool IsFull => _rollouts.Count >= capacity;

    /// <summary>The oldest first.</summary>
    public IReadOnlyCollection<Rollout> Rollouts => _rollouts;

    public void Add(Rollout rollout)
    {
        if (IsFull) _rollouts.Dequeue();
        _rollouts.Enqueue(rollout);
    }

    /// <summary>
    /// The batch of an update of a training: for the same rollouts, seed and update it is the same.
    /// </summary>
    /// <exception cref="InvalidOperationException">The buffer is empty.</exception>
    public void Sample(TrainingBatch batch, ulong seed, int update)
    {
        var stream = new RandomStream(seed, RandomPurpose.TrainingBatch, step: update);
        Sample(batch, batch.States.Length / batch.Count, ref stream);
    }

    /// <summary>Pairs of uniform time and walker from one uniform rollout, in order of time.</summary>
    /// <exception cref="InvalidOperationException">The buffer is empty.</exception>
    public void Sample(TrainingBatch batch, int sites, ref RandomStream stream)
    {
        if (Count == 0) throw new InvalidOperationException("The replay buffer is empty.");
        var rollout = _rollouts.ElementAt(stream.NextInt(Count));
        var draws = new (int Time, int Walker)[batch.Count];
        for (int b = 0; b < draws.Length; b++)
            draws[b] = (stream.NextInt(rollout.Times.Length), stream.NextInt(rollout.Walkers));
        Array.Sort(draws);
        for (int b = 0; b < draws.Length; b++)
        {
            batch.Times[b] = rollout.Times[draws[b].Time];
            rollout.Slices[draws[b].Time].Unpack(draws[b].Walker, batch.States.AsSpan(b * sites, sites));
        }
    }
}
