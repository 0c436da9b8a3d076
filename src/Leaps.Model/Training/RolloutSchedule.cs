namespace Leaps.Model.Training;

/// <summary>A rollout that the schedule asks for.</summary>
/// <param name="Index">0, 1 … in the order in which rollouts enter the buffer</param>
/// <param name="DueUpdate">the update before whose batch it enters the buffer</param>
/// <param name="ParameterUpdate">it is made with the parameters as they are after so many updates</param>
public readonly record struct ScheduledRollout(int Index, int DueUpdate, int ParameterUpdate);

/// <summary>
/// Which rollouts a training makes: one for every update until the buffer is full, then one a cycle (due at
/// updates u with u mod cycle = cycle - 1). The rollout due at update u uses the parameters as they are after
/// max(0, u - staleness) updates. So rollouts may be made while training goes on, and nothing depends on
/// when: <see cref="RolloutMaker"/> makes one, <see cref="ReplayBuffer"/> keeps them.
/// </summary>
public sealed class RolloutSchedule
{
    private readonly int _size, _cycle, _staleness;

    /// <exception cref="LeapsException">An option is out of range.</exception>
    public RolloutSchedule(TrainingOptions options)
    {
        options.Validate();
        _size = options.BufferSize;
        _cycle = options.BufferCycle;
        _staleness = options.RolloutStaleness;
    }

    /// <summary>One beyond the last possible update is due at <see cref="int.MaxValue"/>: never.</summary>
    public ScheduledRollout At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        long due = index < _size ? index
            : (long)_size / _cycle * _cycle + _cycle - 1 + (long)(index - _size) * _cycle;
        int update = (int)Math.Min(int.MaxValue, due);
        return new ScheduledRollout(index, update, Math.Max(0, update - _staleness));
    }

    /// <summary>Rollouts due at this update or before.</summary>
    public int CountDue(int update) =>
        update < _size ? Math.Max(0, update + 1)
        : (int)Math.Min(int.MaxValue, _size + (update + 1L) / _cycle - _size / _cycle);

    /// <summary>
    /// The rollouts to be made with the parameters after so many updates, in order; mostly none.
    /// </summary>
    public IEnumerable<ScheduledRollout> MadeWith(int parameterUpdate)
    {
        int first = parameterUpdate == 0 ? 0 : CountDue(checked(parameterUpdate + _staleness - 1));
        int end = CountDue(checked(parameterUpdate + _staleness));
        for (int index = first; index < end; index++)
            yield return At(index);
    }

    /// <summary>The rollouts that the batch of an update is drawn from, the oldest first.</summary>
    public IEnumerable<ScheduledRollout> InBuffer(int update)
    {
        int end = CountDue(update);
        for (int index = Math.Max(0, end - _size); index < end; index++)
            yield return At(index);
    }
}
