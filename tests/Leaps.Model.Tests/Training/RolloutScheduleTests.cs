using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>The schedule against its definition, walked through update by update.</summary>
public sealed class RolloutScheduleTests
{
    [Theory]
    [InlineData(100, 100, 0)]       // the reference's
    [InlineData(9, 4, 0)]
    [InlineData(9, 4, 3)]
    [InlineData(8, 4, 100)]
    [InlineData(1, 1, 2)]
    [InlineData(3, 10, 25)]
    [InlineData(20, 7, 7)]
    public void Every_rollout_is_due_when_the_buffer_is_not_full_or_a_cycle_ends(
        int size, int cycle, int staleness)
    {
        var schedule = Schedule(size, cycle, staleness);
        const int updates = 500;
        var expected = new List<ScheduledRollout>();
        for (int update = 0; update < updates; update++)
        {
            if (expected.Count < size || update % cycle == cycle - 1)
            {
                var entry =
                    new ScheduledRollout(expected.Count, update, Math.Max(0, update - staleness));
                Assert.Equal(entry, schedule.At(expected.Count));
                expected.Add(entry);
            }
            Assert.Equal(expected.Count, schedule.CountDue(update));
            Assert.Equal(expected.TakeLast(size), schedule.InBuffer(update));
        }
        Assert.Equal(0, schedule.CountDue(-1));
        for (int version = 0; version + staleness < updates; version++)
        {
            Assert.Equal(
                expected.Where(entry => entry.ParameterUpdate == version), schedule.MadeWith(version));
        }
    }

    [Fact]
    public void A_rollout_beyond_the_last_possible_update_is_never_due()
    {
        var schedule = Schedule(size: 2, cycle: int.MaxValue, staleness: 0);
        Assert.Equal(int.MaxValue - 1, schedule.At(2).DueUpdate);
        Assert.Equal(int.MaxValue, schedule.At(3).DueUpdate);
        Assert.Equal(int.MaxValue, Schedule(size: 1, cycle: 1, staleness: 0).At(int.MaxValue).DueUpdate);
    }

    private static RolloutSchedule Schedule(int size, int cycle, int staleness) => new(new TrainingOptions
    {
        BufferSize = size,
        BufferCycle = cycle,
        RolloutStaleness = staleness,
    });
}
