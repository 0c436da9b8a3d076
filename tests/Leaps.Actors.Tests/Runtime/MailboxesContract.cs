using System.Collections.Concurrent;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;

namespace Leaps.Actors.Tests.Runtime;

/// <summary>What IMailboxes promises, for every runtime.</summary>
public abstract class MailboxesContract : IAsyncDisposable
{
    private const int Many = 300;

    private readonly ConcurrentQueue<IMailboxes> _opened = new();

    /// <summary>Lines about messages that were refused.</summary>
    protected ConcurrentQueue<string> Refused { get; } = new();

    /// <summary>The mailboxes of one run, here and in another process if the runtime has several.</summary>
    private protected abstract Task<(IMailboxes Here, IMailboxes There)> Start();

    public async ValueTask DisposeAsync()
    {
        foreach (var mailboxes in _opened)
            await mailboxes.DisposeAsync();
        await Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends when other processes see what was prepared here.</summary>
    protected virtual Task Settled() => Task.CompletedTask;

    protected virtual ValueTask Release() => ValueTask.CompletedTask;

    [Fact]
    public async Task Messages_of_each_sender_come_in_the_order_in_which_they_were_sent()
    {
        var (here, there) = await Begin();
        var inbox = new Inbox();
        here.Open("target", 1, inbox.Receive, inbox.Failed);
        await Settled();
        var senders = Enumerable.Range(1, 3).Select(sender =>
        {
            var mailbox = Silent(sender == 1 ? here : there, $"sender-{sender}");
            return Task.Run(() =>
            {
                for (int n = 1; n <= Many; n++)
                    mailbox.Tell("target", Inbox.Number(sender * 1000 + n));
            });
        });
        await Task.WhenAll(senders);
        var numbers = await inbox.Take(3 * Many);
        foreach (var ofOne in numbers.GroupBy(number => number / 1000))
            Inbox.AssertComplete(ofOne.Select(number => number % 1000), Many);
        Assert.False(inbox.WasEnteredTwice);
    }

    [Fact]
    public async Task An_actor_takes_one_at_a_time_of_others_and_of_itself()
    {
        var (here, there) = await Begin();
        var inbox = new Inbox();
        var mailbox = here.Open("target", 1, inbox.Receive, inbox.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        var telling = Task.Run(() =>
        {
            for (int n = 1; n <= Many; n++)
                sender.Tell("target", Inbox.Number(n));
        }, TestContext.Current.CancellationToken);
        for (long n = 1; n <= Many; n++)
            Assert.True(mailbox.Post(-n));
        await telling;
        var numbers = await inbox.Take(2 * Many);
        Inbox.AssertComplete(numbers.Where(number => number > 0), Many);
        Inbox.AssertComplete(numbers.Where(number => number < 0).Select(number => -number), Many);
        Assert.False(inbox.WasEnteredTwice);
    }

    [Fact]
    public async Task Messages_wait_in_a_prepared_mailbox_for_their_actor()
    {
        var (here, there) = await Begin();
        here.Prepare("target");
        var sender = Silent(here, "sender");
        for (int n = 1; n <= 10; n++)
            sender.Tell("target", Inbox.Number(n));
        var inbox = new Inbox();
        there.Open("target", 1, inbox.Receive, inbox.Failed);
        Assert.Equal(Numbers(1, 10), await inbox.Take(10));
    }

    [Fact]
    public async Task A_successor_gets_in_order_what_was_not_handled_and_only_that()
    {
        var (here, there) = await Begin();
        var first = new Inbox { OnMessage = (message, handled) => HandleUpTo(5, message, handled) };
        var mailbox = here.Open("target", 1, first.Receive, first.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        for (int n = 1; n <= 20; n++)
            sender.Tell("target", Inbox.Number(n));
        await first.Take(20);
        mailbox.Close();
        await mailbox.Completion.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        sender.Tell("target", Inbox.Number(21));
        var second = new Inbox();
        there.Open("target", 2, second.Receive, second.Failed);
        Assert.Equal(Numbers(6, 21), await second.Take(16));
        sender.Tell("target", Inbox.Number(22));
        Assert.Equal([22], await second.Take(1));
    }

    [Fact]
    public async Task A_message_can_be_handled_during_a_later_one()
    {
        var (here, there) = await Begin();
        var open = new Queue<Action>();
        var first = new Inbox
        {
            OnMessage = (message, handled) =>
            {
                open.Enqueue(handled);
                // Whatever the actor posts to itself stands for "the journal has 1 … 3".
                for (int n = 0; message is long && n < 3; n++)
                    open.Dequeue()();
            },
        };
        var mailbox = here.Open("target", 1, first.Receive, first.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        for (int n = 1; n <= 5; n++)
            sender.Tell("target", Inbox.Number(n));
        await first.Take(5);
        mailbox.Post(-1L);
        await first.Take(1);
        mailbox.Close();
        await mailbox.Completion.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        var second = new Inbox();
        here.Open("target", 2, second.Receive, second.Failed);
        Assert.Equal([4, 5], await second.Take(2));
    }

    [Fact]
    public async Task A_refused_message_is_told_and_the_next_one_comes()
    {
        var (here, there) = await Begin();
        var inbox = new Inbox
        {
            OnMessage = (message, handled) =>
            {
                if (message is BufferQuery { Epoch: 2 })
                    throw new ProtocolException("two is refused");
                handled();
            },
        };
        here.Open("target", 1, inbox.Receive, inbox.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        for (int n = 1; n <= 3; n++)
            sender.Tell("target", Inbox.Number(n));
        Assert.Equal([1, 3], await inbox.Take(2));
        Assert.Equal("refused: two is refused", Assert.Single(Refused));
    }

    [Fact]
    public async Task Whoever_fails_gets_no_further_message_and_its_successor_gets_that_one_again()
    {
        var (here, there) = await Begin();
        var failing = new Inbox { OnMessage = (_, _) => throw new InvalidOperationException("broken") };
        var mailbox = here.Open("target", 1, failing.Receive, failing.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        sender.Tell("target", Inbox.Number(1));
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal("broken", (await failing.Failure).Message);
        await mailbox.Completion.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        Assert.False(mailbox.Post(-1L));
        var second = new Inbox();
        there.Open("target", 2, second.Receive, second.Failed);
        Assert.Equal([1, 2], await second.Take(2));
    }

    [Fact]
    public async Task A_new_life_in_the_same_process_takes_over_from_the_former_one()
    {
        var (here, there) = await Begin();
        var first = new Inbox { OnMessage = static (_, _) => { } };
        var former = here.Open("target", 1, first.Receive, first.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        sender.Tell("target", Inbox.Number(1));
        await first.Take(1);
        var second = new Inbox();
        here.Open("target", 2, second.Receive, second.Failed);
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal([1, 2], await second.Take(2));
        await former.Completion.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        Assert.False(former.Post(-1L));
    }

    [Fact]
    public async Task What_is_sent_to_nobody_is_dropped()
    {
        var (here, there) = await Begin();
        var inbox = new Inbox();
        var mailbox = here.Open("target", 1, inbox.Receive, inbox.Failed);
        await Settled();
        var sender = Silent(there, "sender");
        sender.Tell("nobody", Inbox.Number(1));
        sender.Tell("target", Inbox.Number(2));
        Assert.Equal([2], await inbox.Take(1));
        mailbox.Close();
        mailbox.Tell("target", Inbox.Number(3));
        var second = new Inbox();
        here.Open("target", 2, second.Receive, second.Failed);
        sender.Tell("target", Inbox.Number(4));
        Assert.Equal([4], await second.Take(1));
    }

    [Fact]
    public async Task A_removed_mailbox_is_gone_with_all_that_is_in_it()
    {
        var (here, _) = await Begin();
        var inbox = new Inbox { OnMessage = static (_, _) => { } };
        var mailbox = here.Open("target", 1, inbox.Receive, inbox.Failed);
        await Settled();
        var sender = Silent(here, "sender");
        sender.Tell("target", Inbox.Number(1));
        await inbox.Take(1);
        here.Remove("target");
        await mailbox.Completion.WaitAsync(Inbox.Limit, TestContext.Current.CancellationToken);
        sender.Tell("target", Inbox.Number(2));
        var second = new Inbox();
        here.Open("target", 2, second.Receive, second.Failed);
        sender.Tell("target", Inbox.Number(3));
        Assert.Equal([3], await second.Take(1));
    }

    private async Task<(IMailboxes Here, IMailboxes There)> Begin()
    {
        var (here, there) = await Start();
        _opened.Enqueue(here);
        _opened.Enqueue(there);
        return (here, there);
    }

    /// <summary>An actor that only sends.</summary>
    private protected static IMailbox Silent(IMailboxes mailboxes, string actor)
    {
        var inbox = new Inbox();
        return mailboxes.Open(actor, 1, inbox.Receive, inbox.Failed);
    }

    private protected static IEnumerable<long> Numbers(int first, int last) =>
        Enumerable.Range(first, last - first + 1).Select(n => (long)n);

    private static void HandleUpTo(long last, object message, Action handled)
    {
        if (message is BufferQuery query && query.Epoch <= last)
            handled();
    }
}
