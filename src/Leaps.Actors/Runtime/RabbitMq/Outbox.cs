using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// A message to be published or something to be declared, in the order in which it was asked for.
/// </summary>
/// <param name="Owner">whose exchange it goes to, and who is told when the broker refuses it</param>
/// <param name="Recipient">routing key of a message</param>
/// <param name="Body">of a message</param>
/// <param name="Operation">null: it is a message</param>
internal sealed record OutboxEntry(BrokerMailboxes Owner, string Recipient, byte[] Body,
    Func<IChannel, CancellationToken, Task>? Operation = null)
{
    /// <summary>Beside the body: properties, names, what the outbox itself needs.</summary>
    private const int Overhead = 256;

    public long Bytes => Body.Length + Overhead;

    /// <summary>A <see cref="MailboxNotice"/>, no message between actors.</summary>
    public bool IsNotice { get; init; }

    /// <summary>When it was asked for, by the connection's clock.</summary>
    public required long Since { get; init; }
}

/// <summary>
/// All that this process has sent and the broker has not confirmed, in order. What was under way when a
/// channel is lost goes back to the front, so it is published again before all that is newer.
/// </summary>
/// <param name="capacity">in bytes; one message alone may be larger</param>
internal sealed class Outbox(long capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, OutboxEntry> _sent = [];
    private readonly Dictionary<(BrokerMailboxes, string), ulong> _firsts = [];
    private Queue<OutboxEntry> _unsent = new();
    private TaskCompletionSource _room = NewSignal();
    private TaskCompletionSource _arrival = NewSignal();
    private TaskCompletionSource _confirmation = NewSignal();
    private TaskCompletionSource _drained = NewSignal();
    private Exception? _fault;
    private ulong _lastSequence, _oldestSequence = 1;
    private long _bytes;
    private int _channel;

    /// <summary>Waits while the outbox is full.</summary>
    /// <exception cref="OperationCanceledException">It was given up meanwhile.</exception>
    public void Add(OutboxEntry entry, CancellationToken cancellation)
    {
        while (TryAdd(entry) is { } room)
            room.Wait(cancellation);
    }

    /// <summary>Ends when all that is here now was confirmed, and nothing else came.</summary>
    public Task Drained
    {
        get
        {
            lock (_gate)
                return _bytes == 0 ? Task.CompletedTask : _drained.Task;
        }
    }

    /// <summary>Bytes that are not confirmed.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>A new channel begins: all that was not confirmed is to be sent again, in order.</summary>
    /// <returns>the channel's number, for <see cref="Confirm"/></returns>
    public int Begin()
    {
        lock (_gate)
        {
            var again = _sent.OrderBy(sent => sent.Key).Select(sent => sent.Value);
            _unsent = new Queue<OutboxEntry>(again.Concat(_unsent));
            _sent.Clear();
            _firsts.Clear();
            (_lastSequence, _oldestSequence) = (0, 1);
            return ++_channel;
        }
    }

    /// <summary>
    /// The next one to be sent. It stays where it is until <see cref="Sending"/> or Done. The first message
    /// of a channel to a recipient goes alone: until its queue knows the channel, the broker (3.10) refuses
    /// message by message while the queue has no leader, and takes the next one when it has.
    /// </summary>
    public async ValueTask<OutboxEntry> Next(CancellationToken cancellation)
    {
        while (true)
        {
            Task change;
            lock (_gate)
            {
                bool isThere = _unsent.TryPeek(out var entry);
                if (isThere && !IsBehindFirst(entry!))
                    return entry!;
                ref var signal = ref isThere ? ref _confirmation : ref _arrival;
                if (signal.Task.IsCompleted)
                    signal = NewSignal();
                change = signal.Task;
            }
            await change.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private bool IsBehindFirst(OutboxEntry entry) => entry.Operation is null
        && _firsts.TryGetValue((entry.Owner, entry.Recipient), out ulong first) && _sent.ContainsKey(first);

    /// <summary>The next one is published now, so it has the next number of the channel.</summary>
    public void Sending()
    {
        lock (_gate)
        {
            var entry = _unsent.Dequeue();
            _sent.Add(++_lastSequence, entry);
            _firsts.TryAdd((entry.Owner, entry.Recipient), _lastSequence);
        }
    }

    /// <summary>The next one needs no confirmation any more.</summary>
    public void Done()
    {
        lock (_gate)
            Forget(_unsent.Dequeue());
    }

    /// <summary>The broker has a message, or all up to it. A channel of the past is ignored.</summary>
    public void Confirm(int channel, ulong sequence, bool multiple)
    {
        lock (_gate)
        {
            if (channel != _channel)
                return;
            for (ulong n = multiple ? _oldestSequence : sequence; n <= sequence; n++)
            {
                if (_sent.Remove(n, out var entry))
                    Forget(entry);
            }
            while (_oldestSequence <= _lastSequence && !_sent.ContainsKey(_oldestSequence))
                _oldestSequence++;
            _confirmation.TrySetResult();
        }
    }

    /// <summary>The oldest message on its way; null: none.</summary>
    public OutboxEntry? Oldest
    {
        get
        {
            lock (_gate)
                return _sent.GetValueOrDefault(_oldestSequence);
        }
    }

    /// <summary>Those to whom messages are on their way, where this process may make mailboxes.</summary>
    public IReadOnlyList<(BrokerMailboxes Owner, string Actor)> Recipients
    {
        get
        {
            lock (_gate)
            {
                return [.. _sent.Values.Where(sent => !sent.Owner.IsGuest)
                    .Select(sent => (sent.Owner, sent.Recipient)).Distinct()];
            }
        }
    }

    /// <summary>Those whose messages are on their way.</summary>
    public IReadOnlyList<BrokerMailboxes> Owners
    {
        get
        {
            lock (_gate)
                return [.. _sent.Values.Select(sent => sent.Owner).Distinct()];
        }
    }

    /// <summary>Since when the oldest one is here; null: none is.</summary>
    public long? OldestSince
    {
        get
        {
            lock (_gate)
            {
                return _sent.TryGetValue(_oldestSequence, out var oldest) ? oldest.Since
                    : _unsent.TryPeek(out var next) ? next.Since : null;
            }
        }
    }

    /// <summary>Nothing is taken or sent any more.</summary>
    public void Break(Exception fault)
    {
        lock (_gate)
        {
            _fault ??= fault;
            _room.TrySetResult();
            _drained.TrySetResult();
        }
    }

    private Task? TryAdd(OutboxEntry entry)
    {
        lock (_gate)
        {
            if (_fault is not null)
                throw new InvalidOperationException($"nothing can be sent: {_fault.Message}", _fault);
            if (_bytes > 0 && _bytes + entry.Bytes > capacity)
            {
                if (_room.Task.IsCompleted)
                    _room = NewSignal();
                return _room.Task;
            }
            if (_bytes == 0 && _drained.Task.IsCompleted)
                _drained = NewSignal();
            _bytes += entry.Bytes;
            _unsent.Enqueue(entry);
            _arrival.TrySetResult();
            return null;
        }
    }

    private void Forget(OutboxEntry entry)
    {
        _bytes -= entry.Bytes;
        _room.TrySetResult();
        if (_bytes == 0)
            _drained.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
