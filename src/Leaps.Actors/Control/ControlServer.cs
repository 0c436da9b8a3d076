using System.Collections.Concurrent;
using System.Net.Sockets;
using Leaps.Actors.Protocol;
using Leaps.Model;

namespace Leaps.Actors.Control;

/// <summary>
/// Lets commands of the user reach the process of a live run: listens on a Unix domain socket that only the
/// owner can open, and answers each ControlRequest with a ControlReply. For whoever holds the run directory's
/// lock.
/// </summary>
/// <remarks>
/// A connection carries any number of requests, one after the other; connections don't wait for each other.
/// What is no sound request of this run is answered with the reason where that is possible, told to a notice,
/// and ends its connection; nothing that a client sends ends the server.
/// </remarks>
public sealed class ControlServer : IAsyncDisposable
{
    private const int Backlog = 64;

    private readonly string directory;
    private readonly Guid run;
    private readonly Func<ControlRequest, CancellationToken, Task<ControlReply>> handler;
    private readonly Action<string> refused;
    private readonly ControlLimits limits;
    private readonly Socket listener;
    private readonly ControlAddress address;
    private readonly CancellationTokenSource closing = new();
    private readonly CancellationTokenSource ending = new();
    private readonly CancellationTokenSource leaving = new();
    private readonly ConcurrentDictionary<Socket, Task> connections = new();
    private readonly Task accepting;
    private int disposed;

    private ControlServer(
        string directory, Guid run, Func<ControlRequest, CancellationToken, Task<ControlReply>> handler,
        Action<string> refused, ControlLimits limits)
    {
        (this.directory, this.run, this.handler, this.refused, this.limits) =
            (directory, run, handler, refused, limits);
        ControlAddress.RemoveStale(directory);
        (listener, string path) = ControlAddress.Bind(directory);
        address = new ControlAddress(path, run);
        try
        {
            // Only now can anybody connect: the socket's mode is set.
            listener.Listen(Backlog);
            address.Publish(directory);
        }
        catch
        {
            listener.Dispose();
            address.Withdraw(directory);
            throw;
        }
        accepting = Task.Run(Accept);
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="directory">the run directory, which exists</param>
    /// <param name="run">requests to other runs are refused</param>
    /// <param name="handler">
    /// Called on any thread, for several connections at once. Its LeapsException becomes a refusal. The token
    /// ends it when the server is closed.
    /// </param>
    /// <param name="refused">receives one line for each message or connection that was refused</param>
    /// <param name="limits">by default 16 clients</param>
    /// <exception cref="LeapsException">The socket or its address can't be made.</exception>
    public static ControlServer Start(
        string directory, Guid run, Func<ControlRequest, CancellationToken, Task<ControlReply>> handler,
        Action<string> refused, ControlLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(refused);
        if (!Directory.Exists(directory))
            throw new LeapsException($"{directory}: there is no such run directory.");
        return new ControlServer(directory, run, handler, refused, limits ?? new ControlLimits());
    }

    /// <summary>Removes the address and the socket, lets requests in work be answered, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        address.Withdraw(directory);
        await closing.CancelAsync().ConfigureAwait(false);
        listener.Dispose();
        await accepting.ConfigureAwait(false);
        // One after the other, however long each takes: a handler may answer; it is told to end; it is left
        // to itself and its client told so; and the connection of a client that takes nothing is closed.
        await Served().ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        await Served().ConfigureAwait(false);
        await leaving.CancelAsync().ConfigureAwait(false);
        await Served().ConfigureAwait(false);
        foreach (var client in connections.Keys)
            client.Dispose();
    }

    // All clients have their replies, or the time for it is over.
    private async Task Served() => await Task.WhenAll(connections.Values).WaitAsync(limits.Closing)
        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task Accept()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptAsync(closing.Token).ConfigureAwait(false);
                if (connections.Count >= limits.Clients)
                {
                    await TurnAway(client).ConfigureAwait(false);
                    continue;
                }
                var serving = new Task<Task>(() => Serve(client));
                connections[client] = serving.Unwrap();
                serving.Start(TaskScheduler.Default);
            }
            catch (Exception cause) when (cause is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException cause)
            {
                // Such as too many open files: what others hold may soon be free.
                refused($"control: a connection can't be taken: {cause.Message}");
                await Task.Delay(limits.Message, closing.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // One small message into an empty buffer: this doesn't wait for the client.
    private async Task TurnAway(Socket client)
    {
        string reason = $"{limits.Clients} clients are connected already: ask again later.";
        refused($"control: a connection was refused: {reason}");
        using var stream = new NetworkStream(client, ownsSocket: true);
        await TryReply(Frames(stream), 0, reason).ConfigureAwait(false);
    }

    private async Task Serve(Socket client)
    {
        try
        {
            using var stream = new NetworkStream(client);
            var frames = Frames(stream);
            bool more = true;
            while (more && !closing.IsCancellationRequested)
                more = await Answer(frames).ConfigureAwait(false);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException
            or ObjectDisposedException)
        {
            // The client left, was silent or didn't take its reply; or the server is being closed.
        }
        finally
        {
            // Counted out before it sees its end, so that it may come again at once.
            connections.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private MessageFrames Frames(Stream stream) => new(stream, run, "control-server", "control-client");

    /// <summary>One request and its reply; false when the connection has come to its end.</summary>
    private async Task<bool> Answer(MessageFrames frames)
    {
        Envelope? received;
        try
        {
            received = await frames.Receive(limits.Silence, limits.Message, closing.Token)
                .ConfigureAwait(false);
            if (received is null)
                return false;
            if (received.BodyCase != Envelope.BodyOneofCase.ControlRequest)
                throw new ProtocolException(
                    $"{received.BodyCase}: only a ControlRequest is answered here.");
        }
        catch (EndOfStreamException)
        {
            refused("control: a message was refused: it ends before its length.");
            return false;
        }
        catch (ProtocolException wrong)
        {
            refused($"control: a message was refused: {wrong.Message}");
            await TryReply(frames, 0, wrong.Message).ConfigureAwait(false);
            return false;
        }
        var reply = await Handle(received.ControlRequest).ConfigureAwait(false);
        try
        {
            await Send(frames, reply).ConfigureAwait(false);
        }
        catch (ProtocolException wrong)
        {
            refused($"control: a reply can't be sent: {wrong.Message}");
            await Send(frames, Refusal(reply.Request, wrong.Message)).ConfigureAwait(false);
        }
        return true;
    }

    private async Task<ControlReply> Handle(ControlRequest request)
    {
        try
        {
            var answering = handler(request, ending.Token).WaitAsync(leaving.Token);
            var reply = (await answering.ConfigureAwait(false)).Clone();
            reply.Request = request.Request;
            return reply;
        }
        catch (LeapsException refusal)
        {
            return Refusal(request.Request, refusal.Message);
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            return Refusal(request.Request, "the process of the run is ending.");
        }
        catch (Exception defect)
        {
            // A question may fail, the run that it is about goes on.
            string what = $"{defect.GetType().Name}: {defect.Message.ReplaceLineEndings(" ")}";
            refused($"control: {request.Command} failed: {what}");
            return Refusal(request.Request, $"{request.Command} failed, and the run goes on. {what}");
        }
    }

    private async Task TryReply(MessageFrames frames, long request, string reason)
    {
        try
        {
            await Send(frames, Refusal(request, reason)).ConfigureAwait(false);
        }
        catch (Exception cause) when (cause is IOException or OperationCanceledException)
        {
            // Whoever sent it is gone; the notice has been given.
        }
    }

    private async Task Send(MessageFrames frames, ControlReply reply)
    {
        using var limit = new CancellationTokenSource(limits.Message);
        var envelope = frames.Create();
        envelope.ControlReply = reply;
        await frames.Send(envelope, limit.Token).ConfigureAwait(false);
    }

    private static ControlReply Refusal(long request, string reason) =>
        new() { Request = request, Accepted = false, Text = reason };
}
