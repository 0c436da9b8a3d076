using Leaps.Model.Random;

namespace Leaps.Model.Training;

/// <summary>
/// The reference's curriculum: the final time of rollouts is k δ, k rising from 1 to 1/δ over the first
/// updates, each k kept linearly longer than the one before.
/// </summary>
public sealed class HorizonCurriculum
{
    private readonly double _step, _growth;
    private readonly int _updates, _last;

    public HorizonCurriculum(int updates, double step)
    {
        _updates = updates;
        _step = step;
        _last = Math.Max(1, (int)Math.Round(1 / step));
        if (updates > 0 && updates < _last)
            throw new LeapsException(
                $"horizon updates is {updates}; it must be 0 or at least the {_last} stages of horizon "
                + $"step {step}.");
        // Stage i lasts 1 + i growth updates, and all of them together `updates`.
        _growth = _last == 1 ? 0 : 2.0 * (updates - _last) / ((double)_last * (_last - 1));
    }

    /// <summary>k at an update, 1 … 1/δ.</summary>
    public int Stage(int update)
    {
        if (update >= _updates) return _last;
        double end = 0;
        for (int k = 1; k < _last; k++)
        {
            end += 1 + (k - 1) * _growth;
            if (update < Math.Round(end)) return k;
        }
        return _last;
    }

    /// <summary>0, k-1 sorted uniform times, and k δ: the grid of a rollout, (k + 1).</summary>
    public double[] Times(int update, ulong seed)
    {
        int k = Stage(update);
        double final = k == _last ? 1 : k * _step;
        var stream = new RandomStream(seed, RandomPurpose.TrainingRollout, step: update);
        var times = new double[k + 1];
        for (int n = 1; n < k; n++)
            times[n] = final * stream.NextDouble();
        times[k] = final;
        Array.Sort(times);
        return times;
    }
}
