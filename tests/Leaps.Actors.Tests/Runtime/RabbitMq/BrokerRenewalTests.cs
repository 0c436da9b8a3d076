using Leaps.Actors.Journal;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>What becomes of a mailbox that somebody began to make anew and did not.</summary>
public sealed class BrokerRenewalTests(SharedBroker broker)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whoever_comes_to_live_in_it_makes_it_anew_and_knows_that_messages_may_be_lost()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        var here = await run.Process();
        here.Prepare("target");
        await run.Settled();
        await Delete(here, "target");

        var inbox = new Inbox();
        here.Open("target", 1, inbox.Receive, inbox.Failed);
        await BrokerRun.Until(() => Task.FromResult(inbox.Restored > 0), "the mailbox is there again");
        BrokerRun.Silent(await run.Process(), "sender").Tell("target", Inbox.Number(1));
        Assert.Equal([1], await inbox.Take(1));
    }

    [Fact]
    public async Task Whoever_lives_in_one_of_the_cluster_itself_does_so_too()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        var connection = await run.Connect();
        var here = connection.Mailboxes(run.Prefix, run.Id, run.Refused.Enqueue, signed: true);
        var inbox = new Inbox();
        var life = (BrokerLife)here.Open("target", 1, inbox.Receive, inbox.Failed);
        await life.FirstReady.WaitAsync(Inbox.Limit, Cancellation);
        await Delete(here, "target");
        await BrokerRun.Until(() => Task.FromResult(inbox.Restored > 0), "the mailbox is there again");
        await BrokerRun.OneConsumes(here, "target");
        Assert.False(life.Completion.IsCompleted);
    }

    [Fact]
    public async Task Whoever_lives_in_one_of_a_run_ends_and_says_so()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        var here = await run.Process();
        var inbox = new Inbox();
        var failed = new TaskCompletionSource<Exception>();
        var life = (BrokerLife)here.Open("target", 1, inbox.Receive, error => failed.TrySetResult(error));
        await life.FirstReady.WaitAsync(Inbox.Limit, Cancellation);
        await Delete(here, "target");
        Assert.IsType<FencedException>(await failed.Task.WaitAsync(Inbox.Limit, Cancellation));
        await life.Completion.WaitAsync(Inbox.Limit, Cancellation);
    }

    [Fact]
    public async Task What_is_begun_is_done_though_its_reason_is_gone()
    {
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        var here = await run.Process();
        here.Prepare("target");
        await run.Settled();
        using var gone = new CancellationTokenSource();
        await here.Evict("target", () =>
        {
            gone.CancelAfter(TimeSpan.FromMilliseconds(50));
            return true;
        }, gone.Token);
        await BrokerRun.Until(async () => await here.Consumers("target") == 0, "it is there, and is free");
    }

    // As after a queue made anew while a node of the broker was down: the old log may win.
    [Fact]
    public async Task A_consumer_that_the_broker_has_forgotten_comes_again()
    {
        var server = await broker.Server;
        await using var run = new BrokerRun(SharedBroker.Options(server) with
        {
            ConsumerCheck = TimeSpan.FromMilliseconds(200),
        });
        var here = await run.Process();
        var inbox = new Inbox();
        var life = (BrokerLife)here.Open("target", 1, inbox.Receive, inbox.Failed);
        await life.FirstReady.WaitAsync(Inbox.Limit, Cancellation);
        await OfLeader(server, here, """
            {ok, {_, Consumers}, _} = ra:local_query(Leader, fun rabbit_fifo:query_consumers/1),
            [_] = [ra:process_command(Leader, rabbit_fifo:make_checkout(Consumer, cancel, #{}))
                || Consumer <- maps:keys(Consumers)].
            """);
        await BrokerRun.Until(() => Task.FromResult(inbox.Restored > 0), "it has come again");
        BrokerRun.Silent(here, "sender").Tell("target", Inbox.Number(1));
        Assert.Equal([1], await inbox.Take(1));
        await BrokerRun.OneConsumes(here, "target");
    }

    // To such a question it says 0.
    [Fact]
    public async Task Of_a_mailbox_that_does_not_answer_the_broker_nobody_believes_that_it_has_no_consumer()
    {
        var server = await broker.Server;
        await using var run = new BrokerRun(SharedBroker.Options(server));
        var here = await run.Process();
        BrokerRun.Silent(here, "target");
        await BrokerRun.OneConsumes(here, "target");
        await OfLeader(server, here, "sys:suspend(Leader).");
        try
        {
            Assert.Null(await here.Consumers("target", Cancellation));
        }
        finally
        {
            await OfLeader(server, here, "sys:resume(Leader).");
        }
        await BrokerRun.OneConsumes(here, "target");
    }

    // Erlang at the broker, with the process that leads the queue of "target".
    private static Task<string> OfLeader(RabbitMqServer server, BrokerMailboxes mailboxes, string code) =>
        server.Control("eval", $$"""
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue,
                <<"{{mailboxes.Topology.Queue("target")}}">>)),
            Leader = amqqueue:get_pid(Queue),
            {{code}}
            """);

    private static async Task Delete(BrokerMailboxes mailboxes, string actor)
    {
        await using var channel = await mailboxes.Connection.SessionOrNull!.Incoming.CreateChannelAsync(
            null, Cancellation);
        await channel.QueueDeleteAsync(mailboxes.Topology.Queue(actor), false, false, false, Cancellation);
    }
}
