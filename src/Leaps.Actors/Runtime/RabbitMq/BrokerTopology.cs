using System.Security.Cryptography;
using System.Text;
using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// What a run has at the broker. All names begin with its prefix, so that permissions can be given for it.
/// Everything is durable, and declaring it again changes nothing.
/// </summary>
/// <param name="prefix">at most <see cref="LongestPrefix"/> characters</param>
/// <param name="dead">prefix of what is shared for dead letters; null: they have their own</param>
internal sealed class BrokerTopology(string prefix, string? dead = null)
{
    // Of a mailbox that nobody uses: what a run left behind that was never brought to its end.
    private const int ExpiryMilliseconds = 7 * 24 * 3600 * 1000;

    /// <summary>A queue's name has 255 bytes at most, an actor's 200.</summary>
    public const int LongestPrefix = 54;

    /// <summary>
    /// Deliveries of one message. A message whose recipient dies of it every time ends among the dead
    /// letters.
    /// </summary>
    public const int DeliveryLimit = 20;

    public string Prefix => prefix;

    /// <summary>Where messages are published; the routing key is the recipient.</summary>
    public string Exchange => prefix;

    public string DeadExchange => $"{dead ?? prefix}.dead";
    public string DeadLetters => $"{dead ?? prefix}.dead-letters";

    /// <summary>Held by whoever makes the queue of an actor anew.</summary>
    public string RenewalLock(string actor) =>
        $"{prefix}.renewal.{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(actor)))[..16]}";

    /// <summary>A queue that is made to see whether the broker elects a leader for it.</summary>
    public string NewElection() => $"{prefix}.election.{Guid.NewGuid():N}";

    public string Queue(string actor) => $"{prefix}.{actor}";

    public async Task Declare(IChannel channel, CancellationToken cancellation)
    {
        await DeclareExchanges(channel, cancellation).ConfigureAwait(false);
        await channel.QueueDeclareAsync(DeadLetters, durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: cancellation)
            .ConfigureAwait(false);
        await channel.QueueBindAsync(DeadLetters, DeadExchange, "", cancellationToken: cancellation)
            .ConfigureAwait(false);
    }

    public async Task DeclareExchanges(IChannel channel, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(Exchange, ExchangeType.Direct, durable: true, autoDelete: false,
            cancellationToken: cancellation).ConfigureAwait(false);
        await channel.ExchangeDeclareAsync(DeadExchange, ExchangeType.Fanout, durable: true,
            autoDelete: false,
            cancellationToken: cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The mailbox of an actor, which outlives everybody; at a broker of one node (3.10) only from three
    /// seconds after it was made, when the broker has written where the queue's log is.
    /// </summary>
    public async Task DeclareQueue(IChannel channel, string actor, CancellationToken cancellation)
    {
        await channel.QueueDeclareAsync(Queue(actor), durable: true, exclusive: false, autoDelete: false,
            new Dictionary<string, object?>
            {
                ["x-queue-type"] = "quorum",
                // Of several that consume it one gets messages; the next one when that one is gone.
                ["x-single-active-consumer"] = true,
                ["x-delivery-limit"] = DeliveryLimit,
                ["x-dead-letter-exchange"] = DeadExchange,
                ["x-expires"] = ExpiryMilliseconds,
            }, cancellationToken: cancellation).ConfigureAwait(false);
        await channel.QueueBindAsync(Queue(actor), Exchange, actor, cancellationToken: cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>A mailbox that goes with the connection.</summary>
    public async Task DeclareTransient(IChannel channel, string actor, CancellationToken cancellation)
    {
        await channel.QueueDeclareAsync(Queue(actor), durable: false, exclusive: true, autoDelete: true,
            cancellationToken: cancellation).ConfigureAwait(false);
        await channel.QueueBindAsync(Queue(actor), Exchange, actor, cancellationToken: cancellation)
            .ConfigureAwait(false);
    }
}
