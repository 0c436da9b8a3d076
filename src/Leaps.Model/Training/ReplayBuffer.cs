using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Model.Training;

/// <summary>A bounded buffer of rollouts, the oldest dropped first, sampled by seeded draws.</summary>
public sealed class ReplayBuffer(int capacity)
{
    private readonly Queue<Rollout> _rollouts = new();

    public int Count => _rollouts.Count;
    public bool IsFull => _rollouts.Count >= capacity;

    public void Add(Rollout rollout)
    {
        if (IsFull) _rollouts.Dequeue();
        _rollouts.Enqueue(rollout);
    }

    /// <summary>Pairs of uniform time and walker from one uniform rollout, in order of time.</summary>
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

/// <summary>States of one rollout of Algorithm 1 at each time of its grid.</summary>
/// <param name="Times">(k + 1)</param>
/// <param name="Slices">(k + 1), each of <paramref name="Walkers"/> states</param>
/// <param name="Walkers">number of walkers</param>
public sealed record Rollout(double[] Times, PackedStates[] Slices, int Walkers);
