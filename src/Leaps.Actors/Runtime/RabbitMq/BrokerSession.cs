using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// The time from one connect to its loss. Two connections: the broker stops reading one that publishes when
/// it is short of memory, and must still be told what was handled. They live and end together.
/// </summary>
internal sealed class BrokerSession : IAsyncDisposable
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);
    // After which the broker says 0 for a quorum queue whose leader did not answer it: rabbit_quorum_queue,
    // stat/1, which nothing changes.
    private static readonly TimeSpan LeaderLimit = TimeSpan.FromMilliseconds(250);

    private readonly TaskCompletionSource<string> _over =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _overSource = new();
    private readonly ConcurrentDictionary<BrokerLife, TaskCompletionSource> _expected = new();
    private readonly Func<CancellationToken, Task<IConnection>> _connect;
    private readonly SemaphoreSlim _asking = new(1);
    private IChannel? _questions;

    public BrokerSession(BrokerHost host, IConnection outgoing, IConnection incoming,
        IEnumerable<BrokerLife> expected, Func<CancellationToken, Task<IConnection>> connect)
    {
        _connect = connect;
        Host = host;
        Outgoing = outgoing;
        Incoming = incoming;
        foreach (var life in expected)
            _expected[life] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var connection in new[] { outgoing, incoming })
        {
            connection.ConnectionShutdownAsync += (_, reason) =>
            {
                End(BrokerErrors.Text(reason));
                return Task.CompletedTask;
            };
            if (!connection.IsOpen)
                End("it closed at once");
        }
    }

    public BrokerHost Host { get; }

    /// <summary>For all that is published and declared, in order.</summary>
    public IConnection Outgoing { get; }

    /// <summary>
    /// A channel of <see cref="Outgoing"/>. A broker in alarm opens none there, and the client keeps the
    /// number of each that was asked for in vain: without one left the session ends.
    /// </summary>
    public async Task<IChannel> OpenOutgoing(CreateChannelOptions? options, CancellationToken cancellation)
    {
        try
        {
            return await Outgoing.CreateChannelAsync(options, cancellation).ConfigureAwait(false);
        }
        catch (ChannelAllocationException)
        {
            End("it opened no channel for long");
            throw;
        }
    }

    /// <summary>For mailboxes.</summary>
    public IConnection Incoming { get; }

    /// <summary>One more connection to the same host, for what may break it; the caller's to close.</summary>
    public Task<IConnection> ConnectOnce(CancellationToken cancellation) => _connect(cancellation);

    /// <summary>
    /// Who consumes a queue; null: the broker can't tell now. Questions come one after the other, as a new
    /// channel for each would cost the broker several times as much; a refusal or a broker that hangs costs a
    /// channel. A broker in alarm answers them.
    /// </summary>
    public async Task<int?> Consumers(string queue, TimeProvider clock, CancellationToken cancellation)
    {
        await _asking.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_questions is not { IsOpen: true } questions)
                _questions = questions = await Incoming.CreateChannelAsync(null, cancellation)
                    .ConfigureAwait(false);
            long asked = clock.GetTimestamp();
            var answer = await questions.QueueDeclarePassiveAsync(queue, cancellation)
                .WaitAsync(AnswerLimit, clock, cancellation).ConfigureAwait(false);
            bool isKnown = answer.ConsumerCount > 0 || clock.GetElapsedTime(asked) < LeaderLimit;
            return isKnown ? (int)answer.ConsumerCount : null;
        }
        catch
        {
            _ = _questions?.AbortAsync(CancellationToken.None);
            _questions = null;
            throw;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>Ends with the session; says why.</summary>
    public Task<string> Over => _over.Task;

    public bool IsOver => _over.Task.IsCompleted;

    public CancellationToken OverToken => _overSource.Token;

    /// <summary>The session after this one. Cancelled when there is none.</summary>
    public TaskCompletionSource<BrokerSession> Successor { get; } =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Those lives that were expected have their queues here.</summary>
    public Task EveryoneIsReady => Task.WhenAll(_expected.Values.Select(one => one.Task));

    public void IsReady(BrokerLife life)
    {
        if (_expected.TryGetValue(life, out var ready))
            ready.TrySetResult();
    }

    public void End(string reason)
    {
        if (_over.TrySetResult(reason))
            _ = _overSource.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        End("closed");
        await Incoming.CloseWithin(CloseLimit, TimeProvider.System).ConfigureAwait(false);
        await Outgoing.CloseWithin(CloseLimit, TimeProvider.System).ConfigureAwait(false);
    }
}
