using System.Collections.Concurrent;
using Leaps.Actors.Journal;
using Leaps.Actors.Runtime;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Actors.Tests.WalkerGroup;
using Leaps.Actors.WalkerGroup;

namespace Leaps.Actors.Tests.Runtime;

/// <summary>Groups come to a node and leave it, and what their walkers took goes with them.</summary>
public sealed class GroupHostTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly SamplingTask _task = SampleTasks.Small(groups: 2, replicas: 2);

    [Fact]
    public async Task The_last_group_of_a_replica_to_go_frees_its_mover_and_one_that_comes_has_a_new_one()
    {
        using var device = new StillDevice(static () => { });
        using var journal = new MemoryJournal();
        using var writer = new JournalWriter(journal);
        await using var mailboxes = new EmbeddedMailboxes(_ => { });
        using var answers = new BlockingCollection<object>();
        using var left = new BlockingCollection<int>();
        using var movers = new MoverPool(_task, [device], threads: 1, error => answers.Add(error));
        long life = 0;
        var host = new GroupHost(_task, journal, writer, mailboxes, movers, _ => ++life)
        {
            Failed = (_, error) => answers.Add(error),
            Left = left.Add,
        };
        foreach (int group in _task.GroupsOf(0).Concat(_task.GroupsOf(1)))
            Work(group);
        Assert.Equal((2, 0), (device.Made, device.Disposed));

        await host.Close(0);
        Assert.Equal(0, device.Disposed);
        Leave(1);
        Assert.Equal(1, device.Disposed);

        // It comes back, and the other replica has had its mover all the time.
        Work(0);
        Move(2);
        Assert.Equal((3, 1), (device.Made, device.Disposed));
        Leave(2);
        Assert.Equal(1, device.Disposed);
        await host.Close(3);
        await host.Close(0);
        Assert.Equal(3, device.Disposed);

        void Work(int group)
        {
            host.Start(group, again: false);
            Move(group);
        }

        void Move(int group)
        {
            movers.Enqueue(new MoveWindow(
                1, _task, group, new GroupMoment(0, GroupWalkers.Start(_task, group), null)), answers.Add);
            Assert.True(answers.TryTake(out object? answer, Limit), "nothing came");
            Assert.IsType<WindowMoved>(answer);
        }

        void Leave(int group)
        {
            host.TellToLeave(group);
            Assert.True(left.TryTake(out int gone, Limit), "it did not leave");
            Assert.Equal(group, gone);
        }
    }
}
