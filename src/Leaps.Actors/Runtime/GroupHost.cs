using System.Collections.Concurrent;
using Leaps.Actors.Journal;
using Leaps.Actors.Telemetry;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;

namespace Leaps.Actors.Runtime;

/// <summary>The walker groups of one sampling that live in this process, on one device.</summary>
/// <param name="task">what is sampled</param>
/// <param name="journal">of the sampling</param>
/// <param name="writer">writes it</param>
/// <param name="mailboxes">of the sampling</param>
/// <param name="movers">the device</param>
/// <param name="claim">takes over an actor and gives the number of its life</param>
internal sealed class GroupHost(SamplingTask task, IJournal journal, JournalWriter writer,
    IMailboxes mailboxes, MoverPool movers, Func<string, long> claim)
{
    private readonly ConcurrentDictionary<int, IMailbox> _groups = new();

    /// <summary>Takes the number of a group that failed, and why; it is closed.</summary>
    public required Action<int, Exception> Failed { get; init; }

    /// <summary>Takes the number of a group that was told to leave and has; it is closed.</summary>
    public Action<int> Left { get; init; } = static _ => { };

    /// <summary>Null: nobody wants to know.</summary>
    public RunTelemetry? Telemetry { get; init; }

    /// <summary>The groups that live here.</summary>
    public IEnumerable<int> Groups => _groups.Keys.Order();

    /// <summary>Brings a group to life from its newest snapshot.</summary>
    /// <param name="group">number of the group</param>
    /// <param name="again">it may have lived before: it asks for its place</param>
    /// <exception cref="LeapsException">Its snapshot can't be read.</exception>
    public void Start(int group, bool again)
    {
        string name = ActorNames.Group(group);
        // Who had it before can write no more; then it is read what he wrote.
        long life = claim(name);
        var telemetry = Telemetry is null ? null : new GroupTelemetry(Telemetry, group, Telemetry.Begin());
        if (again && life > 1)
            Telemetry?.Restarted(ActorKinds.Group);
        var state = new WalkerGroupState(group, SamplingJournal.LoadSnapshot(journal, group));
        // It may be given its first message before Open returns.
        var own = new TaskCompletionSource<IMailbox>();
        var actor = new WalkerGroupActor(state,
            (to, body) => own.Task.Result.Tell(to, (Google.Protobuf.IMessage)body),
            message => own.Task.Result.Post(message), movers, new ActorJournal(journal, writer, name),
            () => Leave(group), telemetry);
        var mailbox = mailboxes.Open(name, life, actor.Receive, error => Fail(group, error));
        _groups[group] = mailbox;
        own.SetResult(mailbox);
        if (again)
            mailbox.Post(new GroupReborn());
    }

    /// <summary>The group is to finish what it has in hand and then to leave.</summary>
    public void TellToLeave(int group)
    {
        if (_groups.TryGetValue(group, out var mailbox))
            mailbox.Post(new LeaveNode());
    }

    /// <summary>Ends a group where it is, and all that it has asked for; it may be started again
    /// then.</summary>
    public async Task Close(int group)
    {
        if (!_groups.TryRemove(group, out var mailbox))
            return;
        mailbox.Close();
        movers.Abandon(group);
        await mailbox.Completion.ConfigureAwait(false);
        // Until now it may have asked for more.
        Free(group);
        // Its next life numbers its events on from its last one.
        await writer.Flush().ConfigureAwait(false);
    }

    public Task CloseAll() => Task.WhenAll(_groups.Keys.Select(Close));

    private void Leave(int group)
    {
        if (_groups.TryRemove(group, out var mailbox))
        {
            mailbox.Close();
            Free(group);
        }
        Left(group);
    }

    // The device keeps nothing of a replica that has no group here any more.
    private void Free(int group)
    {
        movers.Abandon(group);
        int replica = task.ReplicaOf(group);
        if (!_groups.Keys.Any(other => task.ReplicaOf(other) == replica))
            movers.Release(replica);
    }

    private void Fail(int group, Exception error)
    {
        movers.Abandon(group);
        Failed(group, error);
    }
}
