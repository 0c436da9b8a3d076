using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model;
using RabbitMQ.Client;
using PublishException = RabbitMQ.Client.Exceptions.PublishException;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>A message that was refused, or delivered too often.</summary>
/// <param name="Id">made of its mailbox and content</param>
/// <param name="Actor">whom it was for</param>
/// <param name="Sender">empty where it can't be read</param>
/// <param name="Kind">of its body; empty where it can't be read</param>
/// <param name="Reason">in the broker's words: rejected, delivery_limit, expired …; empty: not known</param>
/// <param name="Time">when it became a dead letter; null: not known</param>
/// <param name="Bytes">its size</param>
/// <param name="Exchange">that it was sent to, which names its run</param>
public sealed record DeadLetter(string Id, string Actor, string Sender, string Kind, string Reason,
    DateTimeOffset? Time, int Bytes, string Exchange);

/// <summary>The dead letters of a cluster: to be seen, delivered once more, or thrown away.</summary>
/// <param name="connection">to the broker</param>
/// <param name="prefix">of the names of its dead letters at the broker</param>
public sealed class DeadLetters(BrokerConnection connection, string prefix)
{
    // 256 MiB, so that many large ones can be delivered in several goes.
    private const long LargestRetry = 256L << 20;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly BrokerTopology _topology = new(prefix);

    /// <summary>Some of them, in no certain order. They stay where they are.</summary>
    public Task<IReadOnlyList<DeadLetter>> List(int maximum, CancellationToken cancellation = default) =>
        With<IReadOnlyList<DeadLetter>>(async channel =>
        {
            List<DeadLetter> letters = [];
            while (letters.Count < maximum && await Next(channel, cancellation)
                .ConfigureAwait(false) is { } got)
                letters.Add(Describe(got));
            return letters;
        }, cancellation);

    /// <summary>
    /// Delivers those of now to the mailboxes they were for: 256 MiB at a time. One without mailbox stays.
    /// </summary>
    /// <param name="wanted">which; null: all</param>
    /// <param name="cancellation">stops between two of them</param>
    /// <returns>how many were delivered</returns>
    public Task<int> Retry(Func<DeadLetter, bool>? wanted = null, CancellationToken cancellation = default) =>
        Take(wanted, (channel, letter, got) => Publish(channel, letter, got, cancellation), cancellation);

    /// <summary>Throws those of now away, 256 MiB at a time.</summary>
    /// <param name="wanted">which; null: all</param>
    /// <param name="cancellation">stops between two of them</param>
    /// <returns>how many</returns>
    public Task<int> Purge(Func<DeadLetter, bool>? wanted = null, CancellationToken cancellation = default) =>
        Take(wanted, static (_, _, _) => Task.FromResult(true), cancellation);

    private Task<int> Take(Func<DeadLetter, bool>? wanted,
        Func<IChannel, DeadLetter, BasicGetResult, Task<bool>> done, CancellationToken cancellation) =>
        With(async channel =>
        {
            // All of now are taken before the first is delivered: it may be back among them at once.
            List<(DeadLetter Letter, BasicGetResult Got)> all = [];
            for (long bytes = 0; bytes < LargestRetry
                && await Next(channel, cancellation)
                    .ConfigureAwait(false) is { } got; bytes += got.Body.Length)
                all.Add((Describe(got), got));
            int taken = 0;
            foreach (var (letter, got) in all.Where(one => wanted?.Invoke(one.Letter) ?? true))
            {
                if (!await done(channel, letter, got).ConfigureAwait(false))
                    continue;
                await channel.BasicAckAsync(got.DeliveryTag, multiple: false, cancellation)
                    .ConfigureAwait(false);
                taken++;
            }
            return taken;
        }, cancellation);

    private async Task<T> With<T>(Func<IChannel, Task<T>> work, CancellationToken cancellation)
    {
        try
        {
            var session = await connection.Session(cancellation).ConfigureAwait(false);
            var channel = await session.Incoming.CreateChannelAsync(new CreateChannelOptions(
                publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true),
                    cancellation)
                .ConfigureAwait(false);
            try
            {
                var result = await work(channel).ConfigureAwait(false);
                // Those that stay are back before anybody asks for them again, in no certain order.
                await channel.BasicNackAsync(0, multiple: true, requeue: true, cancellation)
                    .ConfigureAwait(false);
                return result;
            }
            finally
            {
                await channel.CloseWithin(CloseLimit, connection.Clock).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (BrokerErrors.IsMissing(error))
        {
            throw new LeapsException($"broker: no run has the prefix {prefix} on virtual host "
                + $"{connection.Options.VirtualHost}.", error);
        }
        catch (Exception error) when (error is TimeoutException || BrokerErrors.IsInternal(error))
        {
            throw new LeapsException($"broker: it does not answer for the queue {_topology.DeadLetters}. "
                + "Should it have been killed within seconds of making it, it has lost it: delete that queue "
                + "with rabbitmqctl delete_queue and start a node anew, which makes it.", error);
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error)
            && !cancellation.IsCancellationRequested)
        {
            throw BrokerErrors.Refusal(connection.Options, prefix, BrokerErrors.Reason(error))
                ?? new LeapsException($"the broker was lost meanwhile: {BrokerErrors.FirstLine(error)}",
                    error);
        }
    }

    private Task<BasicGetResult?> Next(IChannel channel, CancellationToken cancellation) =>
        channel.BasicGetAsync(_topology.DeadLetters, autoAck: false, cancellation)
            .WaitAsync(AnswerLimit, connection.Clock, cancellation);

    private async Task<bool> Publish(
        IChannel channel, DeadLetter letter, BasicGetResult got, CancellationToken cancellation)
    {
        try
        {
            string exchange = letter.Exchange.Length > 0 ? letter.Exchange : _topology.Exchange;
            await channel.BasicPublishAsync(exchange, letter.Actor, mandatory: true, new BasicProperties
            {
                Persistent = true,
                UserId = connection.Options.User,
            }, got.Body, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (PublishException)
        {
            return false;
        }
    }

    private static DeadLetter Describe(BasicGetResult got)
    {
        var (sender, kind) = Read(got.Body.Span);
        // A table for each reason, the newest first.
        var deaths = Value(got.BasicProperties.Headers, "x-death") as List<object>;
        var death = deaths?.FirstOrDefault() as IDictionary<string, object?>;
        string reason = Value(death, "reason") is byte[] text ? Encoding.UTF8.GetString(text) : "";
        DateTimeOffset? time = Value(death, "time") is AmqpTimestamp seconds
            ? DateTimeOffset.FromUnixTimeSeconds(seconds.UnixTime) : null;
        string exchange = Value(death, "exchange") is byte[] name ? Encoding.UTF8.GetString(name) : "";
        byte[] hash = SHA256.HashData([.. Encoding.UTF8.GetBytes(got.RoutingKey), 0, .. got.Body.Span]);
        return new DeadLetter(Convert.ToHexStringLower(hash.AsSpan(0, 8)), got.RoutingKey, sender, kind,
            reason,
            time, got.Body.Length, exchange);
    }

    private static object? Value(IDictionary<string, object?>? table, string name) =>
        table is not null && table.TryGetValue(name, out object? value) ? value : null;

    // It may be anything: what can't be read stays empty.
    private static (string Sender, string Kind) Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var scan = EnvelopeScan.Read(body);
            string kind = Enum.IsDefined(scan.Body) ? scan.Body.ToString() : "";
            string sender = Envelope.Parser.WithDiscardUnknownFields(true).ParseFrom(body).Sender;
            new FieldChecks("dead letter").Name("sender", sender);
            return (sender, kind);
        }
        catch (Exception error) when (error is ProtocolException or InvalidProtocolBufferException
            or DecoderFallbackException)
        {
            return ("", "");
        }
    }
}
