using Leaps.Actors.Runtime.RabbitMq;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>In which order messages leave a process, without a broker.</summary>
public sealed class OutboxTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task To_each_recipient_the_first_message_of_a_channel_goes_alone()
    {
        var outbox = new Outbox(1 << 20);
        int channel = outbox.Begin();
        foreach (string recipient in (string[])["a", "b", "a", "b", "a"])
            outbox.Add(Message(recipient), Cancellation);
        Assert.Equal("a", await Send(outbox));
        Assert.Equal("b", await Send(outbox));
        var third = Send(outbox);
        outbox.Confirm(channel, 2, multiple: false);
        Assert.False(third.IsCompleted, "the first to a is not confirmed");
        outbox.Confirm(channel, 1, multiple: false);
        Assert.Equal("a", await third.WaitAsync(Inbox.Limit, Cancellation));
        Assert.Equal("b", await Send(outbox));
        Assert.Equal("a", await Send(outbox));
    }

    [Fact]
    public async Task On_a_new_channel_what_was_not_confirmed_goes_first_and_its_first_message_alone()
    {
        var outbox = new Outbox(1 << 20);
        int former = outbox.Begin();
        for (byte n = 1; n <= 4; n++)
            outbox.Add(Message("a", n), Cancellation);
        await Send(outbox);
        outbox.Confirm(former, 1, multiple: false);
        await Send(outbox);
        await Send(outbox);
        int channel = outbox.Begin();
        Assert.Equal(2, (await outbox.Next(Cancellation)).Body.Single());
        outbox.Sending();
        var next = outbox.Next(Cancellation);
        outbox.Confirm(former, 1, multiple: false);
        Assert.False(next.IsCompleted, "that was another channel's");
        outbox.Confirm(channel, 1, multiple: false);
        Assert.Equal(3, (await next.AsTask().WaitAsync(Inbox.Limit, Cancellation)).Body.Single());
    }

    private static async Task<string> Send(Outbox outbox)
    {
        var entry = await outbox.Next(Cancellation);
        outbox.Sending();
        return entry.Recipient;
    }

    // The outbox tells owners apart, and asks nothing of them.
    private static OutboxEntry Message(string recipient, byte number = 1) =>
        new(null!, recipient, [number]) { Since = 0 };
}
