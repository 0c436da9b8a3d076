using System.Collections.Concurrent;
using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Scheduler;
using Leaps.Actors.Tests.Journal;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Tests.Scheduler;

/// <summary>The shell around the state: what leaves it, when, and whom it asks.</summary>
public sealed class SchedulerActorTests : IDisposable, ISchedulerOutside
{
    private const string Ada = "ada";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly SchedulerTimes Times = SchedulerTimes.Default with { Grace = TimeSpan.Zero };

    private readonly MemoryJournal _stored = new();
    private readonly GatedJournal _disk;
    private readonly JournalWriter _writer;
    private readonly BlockingCollection<object> _own = [];
    private readonly List<(string To, IMessage Body)> _told = [];
    private readonly List<Effect> _asked = [];
    private readonly FakeNode _node = new("n1", 100, "simd-fma");
    private readonly SchedulerActor _actor;
    private long _request;

    public SchedulerActorTests()
    {
        _disk = new GatedJournal(_stored);
        _writer = new JournalWriter(_disk);
        _actor = Live();
    }

    public void Dispose()
    {
        _disk.Start();
        _writer.Dispose();
        _disk.Dispose();
        _own.Dispose();
    }

    void ISchedulerOutside.Store(StoreSubmission submission) => _asked.Add(submission);
    void ISchedulerOutside.AskHome(AskHome request) => _asked.Add(request);
    void ISchedulerOutside.Fetch(FetchFile request) => _asked.Add(request);
    void ISchedulerOutside.Forget(Guid run) => _asked.Add(new ForgetRun(run));

    [Fact]
    public void Nothing_is_told_before_what_it_follows_from_is_durable()
    {
        _disk.Stop();
        bool begun = false, heard = false;
        _actor.Receive(new SchedulerBegins(TimeSpan.Zero, Times, "n1"), () => begun = true);
        _actor.Receive(_node.Beat(), () => heard = true);
        _disk.AwaitArrival();
        Assert.Equal((false, false), (begun, heard));
        Assert.Empty(_told);
        _disk.Start();
        Pump(() => heard);
        Assert.True(begun);
        var (to, body) = Assert.Single(_told);
        Assert.Equal((ActorNames.Node("n1"), 1L), (to, Assert.IsType<Assignment>(body).SchedulerEpoch));
        Assert.Equal([("n1", _node.Session)], _actor.Living);
    }

    [Fact]
    public void What_is_stored_fetched_handed_over_and_deleted_is_asked_of_others_and_the_user_gets_replies()
    {
        Begin();
        Settle();
        var submit = Ask(Command.Submit);
        var store = Assert.IsType<StoreSubmission>(Assert.Single(_asked));
        Assert.Equal((Ada, submit.Submit.RunId), (store.User, store.Request.Submit.RunId));
        Take(new SubmissionStored(store.Asker, store.User, store.Request, store.UnixSeconds));
        Assert.Equal("run tutorial is submitted", Reply(submit).Text);
        Ask(Command.Fetch);
        Assert.Equal(Run(store), Assert.IsType<FetchFile>(_asked[^1]).Run);
        Settle();
        Ask(Command.Pause);
        Assert.Equal("n1", Assert.IsType<AskHome>(_asked[^1]).Node);
        _node.Ends[Run(store)] =
            new RunConcluded { Outcome = RunConcluded.Types.Outcome.Complete };
        Settle();
        var forget = Ask(Command.Forget);
        Assert.Equal(Run(store), Assert.IsType<ForgetRun>(_asked[^1]).Run);
        Take(new RunDeleted(Run(store)));
        Assert.True(Reply(forget).Accepted);
    }

    [Fact]
    public void The_next_life_knows_the_runs_and_has_a_higher_epoch()
    {
        Begin();
        var submit = Ask(Command.Submit);
        var store = (StoreSubmission)_asked[^1];
        Take(new SubmissionStored(store.Asker, store.User, store.Request, store.UnixSeconds));
        _told.Clear();
        var next = Live();
        bool heard = false;
        next.Receive(new SchedulerBegins(TimeSpan.Zero, Times, "n2"), static () => { });
        next.Receive(_node.Beat(), () => heard = true);
        Pump(() => heard, next);
        var assignment = Assert.IsType<Assignment>(_told.Last().Body);
        Assert.Equal(2, assignment.SchedulerEpoch);
        Assert.Equal(submit.Submit.RunId, Assert.Single(assignment.Actors).Address.RunId);
    }

    private static Guid Run(StoreSubmission store) => new(store.Request.Submit.RunId.Span, bigEndian: true);

    private SchedulerActor Live() => new(
        SchedulerState.Recover(SchedulerEvents.Read(_stored.Read(ActorNames.Scheduler, 1))),
        (to, body) => _told.Add((to, body)), _own.Add,
        new ActorJournal(_stored, _writer, ActorNames.Scheduler), this);

    private void Begin() => Take(new SchedulerBegins(TimeSpan.Zero, Times, "n1"));

    private void Take(object message)
    {
        bool done = false;
        _actor.Receive(message, () => done = true);
        Pump(() => done);
    }

    private ClusterRequest Ask(Command command)
    {
        var request = new ClusterRequest { Request = ++_request, Command = command, Run = "tutorial" };
        if (command == Command.Submit)
        {
            request.Submit = new SubmitRun
            {
                RunId = Envelope.RunIdBytes(Guid.NewGuid()),
                Name = "tutorial",
                Configuration = "x",
            };
        }
        Take(new Asked("asker", Ada, request, UnixSeconds: 1));
        return request;
    }

    private ClusterReply Reply(ClusterRequest request) => Assert.Single(
        _told.Select(told => told.Body).OfType<ClusterReply>(), reply => reply.Request == request.Request);

    // The node does what it is told.
    private void Settle()
    {
        for (int round = 0; round < 10; round++)
        {
            if (_told.Select(told => told.Body).OfType<Assignment>().LastOrDefault() is { } assignment)
                _node.Told = assignment;
            _node.Obey();
            Take(_node.Beat());
        }
    }

    private void Pump(Func<bool> done, SchedulerActor? actor = null)
    {
        while (!done())
        {
            Assert.True(_own.TryTake(out object? message, Limit), "the journal says nothing");
            (actor ?? _actor).Receive(message, static () => { });
        }
    }
}
