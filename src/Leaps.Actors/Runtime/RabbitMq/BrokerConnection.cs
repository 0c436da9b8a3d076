using System.Collections.Concurrent;
using Leaps.Actors.Protocol;
using Leaps.Actors.Telemetry;
using Leaps.Model;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// This process at the broker. It connects again by itself for ever once it was connected; what was sent
/// meanwhile waits in the outbox.
/// </summary>
public sealed class BrokerConnection : IAsyncDisposable
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(5);

    private readonly BrokerConnector _connector;
    private readonly Action<string> _notice;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<BrokerMailboxes, byte> _mailboxes = new();
    private readonly ConcurrentDictionary<BrokerLife, byte> _transients = new();
    private readonly OutboxPump _pump;
    private volatile BrokerSession _session;
    private Task _running = Task.CompletedTask;

    private BrokerConnection(BrokerConnector connector, BrokerSession first, Action<string> notice)
    {
        _connector = connector;
        _session = first;
        _notice = notice;
        Outbox = new Outbox(Options.OutboxBytes);
        _pump = new OutboxPump(Outbox, Options, Clock, () => _mailboxes.Keys.ToList(), notice);
    }

    public BrokerOptions Options => _connector.Options;

    /// <summary>The broker's node that we are connected to; null: none at present.</summary>
    public BrokerHost? Host => _session is { IsOver: false } session ? session.Host : null;

    internal Outbox Outbox { get; }

    /// <summary>Of the oldest message that the broker has not confirmed; zero: it has them all.</summary>
    internal TimeSpan OutboxAge =>
        Outbox.OldestSince is { } since ? Clock.GetElapsedTime(since) : TimeSpan.Zero;

    internal TimeProvider Clock => _connector.Clock;

    /// <summary>Connects for the first time.</summary>
    /// <param name="options">where the broker is</param>
    /// <param name="name">of this process, as the broker's administrator sees it</param>
    /// <param name="notice">takes a line when the connection is lost and when it is back</param>
    /// <param name="wait">whether to wait for a broker that can't be reached</param>
    /// <param name="clock">null: the system's</param>
    /// <param name="cancellation">ends the waiting</param>
    /// <exception cref="LeapsException">The broker can't be used until somebody puts something
    /// right.</exception>
    public static async Task<BrokerConnection> Connect(BrokerOptions options, string name,
        Action<string> notice, bool wait = true, TimeProvider? clock = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(notice);
        options.Check();
        var connector = new BrokerConnector(options, name, clock ?? TimeProvider.System);
        var first = await connector.Connect(wait ? notice : null, cancellation).ConfigureAwait(false);
        var connection = new BrokerConnection(connector, first, notice);
        connection._running = Task.Run(connection.Run, CancellationToken.None);
        return connection;
    }

    /// <summary>The mailboxes of a run.</summary>
    /// <param name="prefix">of all that it has at the broker, such as leaps.lab.6f1c: at most 54 of
    /// A-Z a-z 0-9 . _ -</param>
    /// <param name="run">messages of other runs are refused</param>
    /// <param name="refused">takes a line for each message that was refused</param>
    /// <param name="dead">prefix of what is shared for dead letters; null: they have their own</param>
    /// <param name="signed">actors get their messages as <see cref="Signed"/></param>
    /// <param name="guest">only transient mailboxes are opened, and what all share is there or is not</param>
    /// <param name="telemetry">of the run; null: nobody wants to know</param>
    internal BrokerMailboxes Mailboxes(string prefix, Guid run, Action<string> refused, string? dead = null,
        bool signed = false, bool guest = false, RunTelemetry? telemetry = null)
    {
        if (prefix.Length is < 1 or > BrokerTopology.LongestPrefix
            || prefix.Any(c => !char.IsAsciiLetterOrDigit(c) && !".-_".Contains(c)))
            throw new LeapsException($"broker: prefix '{prefix}' must have 1 to "
                + $"{BrokerTopology.LongestPrefix} letters, digits and . _ -");
        var codec = new MessageCodec(run, Options.MaximumMessageBytes);
        var mailboxes = new BrokerMailboxes(this, new BrokerTopology(prefix, dead), run, codec, refused)
        {
            IsSigned = signed,
            IsGuest = guest,
            Telemetry = telemetry,
        };
        _mailboxes[mailboxes] = 0;
        if (!guest)
            mailboxes.Declare();
        return mailboxes;
    }

    /// <summary>
    /// A mark on the virtual host, made by whoever is first: a queue that nobody uses, with a value that
    /// cannot be changed.
    /// </summary>
    /// <returns>false when it is there with another value</returns>
    internal async Task<bool> Mark(string name, string value, CancellationToken cancellation)
    {
        while (true)
        {
            var session = await Session(cancellation).ConfigureAwait(false);
            try
            {
                var channel = await session.OpenOutgoing(null, cancellation).ConfigureAwait(false);
                await using var _ = channel.ConfigureAwait(false);
                await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false,
                    new Dictionary<string, object?>
                    {
                        ["x-queue-type"] = "quorum",
                        ["x-dead-letter-exchange"] = "",
                        ["x-dead-letter-routing-key"] = value,
                    }, cancellationToken: cancellation).ConfigureAwait(false);
                return true;
            }
            catch (OperationInterruptedException error) when (error.ShutdownReason?.ReplyCode == 406)
            {
                return false;
            }
            catch (Exception error) when (BrokerErrors.IsTransport(error))
            {
                cancellation.ThrowIfCancellationRequested();
                if (BrokerErrors.Refusal(Options, name, BrokerErrors.Reason(error)) is { } refusal)
                    throw refusal;
                await Task.Delay(Options.LongestPause, Clock, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The session of now, or the next one.</summary>
    internal async Task<BrokerSession> Session(CancellationToken cancellation)
    {
        var session = _session;
        while (session.IsOver)
            session = await session.Successor.Task.WaitAsync(cancellation).ConfigureAwait(false);
        return session;
    }

    /// <summary>The session of now; null: none.</summary>
    internal BrokerSession? SessionOrNull => _session is { IsOver: false } session ? session : null;

    /// <summary>In every session its queue is there before anything is sent.</summary>
    internal void Expect(BrokerLife transient) => _transients[transient] = 0;

    internal void Forget(BrokerLife transient) => _transients.TryRemove(transient, out _);

    internal void Forget(BrokerMailboxes mailboxes) => _mailboxes.TryRemove(mailboxes, out _);

    /// <summary>Waits a moment for what was sent, then leaves.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        foreach (var mailboxes in _mailboxes.Keys)
            await mailboxes.DisposeAsync().ConfigureAwait(false);
        if (Host is not null)
            await Drain(DrainLimit).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>False when the broker had not confirmed everything in time.</summary>
    internal async Task<bool> Drain(TimeSpan limit)
    {
        try
        {
            await Outbox.Drained.WaitAsync(limit, Clock).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task Run()
    {
        try
        {
            var pause = TimeSpan.Zero;
            while (!_stop.IsCancellationRequested)
            {
                var session = _session;
                long begun = Clock.GetTimestamp();
                await Serve(session).ConfigureAwait(false);
                await session.DisposeAsync().ConfigureAwait(false);
                if (_stop.IsCancellationRequested)
                    break;
                _notice($"lost the broker {session.Host}: {await session.Over.ConfigureAwait(false)}; "
                    + "connecting again.");
                // A broker that is not well may end every session as soon as it begins.
                pause = Clock.GetElapsedTime(begun) > Options.LongestPause ? TimeSpan.Zero
                    : _connector.Longer(pause);
                await Task.Delay(pause, Clock, _stop.Token).ConfigureAwait(false);
                var next = await _connector.Reconnect(_transients.Keys, _notice, _stop.Token)
                    .ConfigureAwait(false);
                _notice($"connected to the broker {next.Host} again.");
                _session = next;
                session.Successor.SetResult(next);
            }
            Outbox.Break(new ObjectDisposedException(nameof(BrokerConnection)));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            Outbox.Break(new ObjectDisposedException(nameof(BrokerConnection)));
        }
        catch (Exception defect)
        {
            // Told to everybody who still wants something of the broker.
            Outbox.Break(defect);
            _session.End(defect.Message);
            _session.Successor.TrySetException(defect);
        }
        _session.Successor.TrySetCanceled();
    }

    private async Task Serve(BrokerSession session)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(session.OverToken, _stop.Token);
        try
        {
            await session.EveryoneIsReady.WaitAsync(ReadyLimit, Clock, over.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            // Their queue could not be made at once; they go on trying, and the others go on.
        }
        await _pump.Run(session, _stop.Token).ConfigureAwait(false);
    }
}
