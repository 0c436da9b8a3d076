namespace Leaps.Simulation.Tests.Scale;

public sealed class ScaleTests
{
    private const long WorkTime = 5000;

    [Fact]
    public void Messages_grow_no_faster_than_the_groups()
    {
        var few = new ScaleRun(20, workTime: WorkTime).Run();
        var many = new ScaleRun(200, workTime: WorkTime).Run();
        Assert.InRange(few.Resamplings, 1, ScaleRun.Windows - 1);
        Assert.InRange(many.Resamplings, 1, ScaleRun.Windows - 1);
        Assert.InRange((double)many.Messages / few.Messages, 8, 12);
        // A summary, and now and then a limit, a plan, two transfers, a snapshot.
        Assert.InRange(many.Messages / (200.0 * ScaleRun.Windows), 1, 4);
    }

    [Fact]
    public void Devices_lose_little_more_than_the_slowest_one_costs()
    {
        var run = new ScaleRun(50, workTime: WorkTime).Run();
        Assert.InRange(run.Rewound + run.Idle, 0, run.Imbalance + 0.1);
    }
}
