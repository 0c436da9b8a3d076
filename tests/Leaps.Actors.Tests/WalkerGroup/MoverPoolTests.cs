using System.Collections.Concurrent;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Actors.Tests.WalkerGroup;

/// <summary>How groups are shared among devices that move whole populations.</summary>
public sealed class MoverPoolTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly SamplingTask _task = SampleTasks.Small(groups: 2, replicas: 2);

    [Fact]
    public void Groups_move_on_all_devices_at_once()
    {
        using var both = new Barrier(2);
        StillDevice[] devices = [new(Meet), new(Meet)];
        using var answers = new BlockingCollection<object>();
        using (var pool = new MoverPool(_task, devices, threads: 1, error => answers.Add(error)))
        {
            pool.Enqueue(Order(0), answers.Add);
            pool.Enqueue(Order(1), answers.Add);
            Assert.IsType<WindowMoved>(Take(answers));
            Assert.IsType<WindowMoved>(Take(answers));
        }
        Assert.All(devices, device => Assert.Equal((1, 1), (device.Moves, device.Disposed)));

        // Neither goes on before the other has come.
        void Meet() => Assert.True(both.SignalAndWait(Limit), "the other device has nothing to do");
    }

    [Fact]
    public void A_replica_that_is_released_while_it_moves_is_disposed_of_afterwards_and_once()
    {
        using var began = new SemaphoreSlim(0);
        using var mayEnd = new SemaphoreSlim(0);
        var device = new StillDevice(() =>
        {
            began.Release();
            Assert.True(mayEnd.Wait(Limit));
        });
        using var answers = new BlockingCollection<object>();
        using (var pool = new MoverPool(_task, [device], threads: 1, error => answers.Add(error)))
        {
            pool.Enqueue(Order(0), answers.Add);
            Assert.True(began.Wait(Limit, TestContext.Current.CancellationToken));
            pool.Release(0);
            Assert.Equal(0, device.Disposed);
            mayEnd.Release();
            Assert.IsType<WindowMoved>(Take(answers));

            // Another replica has a mover of its own.
            mayEnd.Release();
            pool.Enqueue(Order(_task.Groups), answers.Add);
            Assert.IsType<WindowMoved>(Take(answers));
            Assert.Equal((2, 1), (device.Made, device.Disposed));
        }
        Assert.Equal(2, device.Disposed);
    }

    private static object Take(BlockingCollection<object> answers)
    {
        Assert.True(answers.TryTake(out object? answer, Limit), "nothing came");
        return answer;
    }

    private MoveWindow Order(int group) =>
        new(1, _task, group, new GroupMoment(0, GroupWalkers.Start(_task, group), null));
}
