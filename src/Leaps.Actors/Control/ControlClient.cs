using System.Net.Sockets;
using Leaps.Actors.Protocol;
using Leaps.Model;

namespace Leaps.Actors.Control;

/// <summary>Asks the process of a live run, which it finds by the run directory alone.</summary>
public static class ControlClient
{
    /// <summary>One request and its reply, on a connection of their own.</summary>
    /// <param name="directory">the run directory</param>
    /// <param name="request">a copy is sent; its number is 1 unless it has one</param>
    /// <param name="timeout">for all of it</param>
    /// <param name="cancellation">ends the wait; the run may have got the request</param>
    /// <returns>
    /// The answer. When it was not accepted, its text is the line to show: why, and what to do.
    /// </returns>
    /// <exception cref="LeapsException">
    /// No process runs it, it ended in the middle, did not answer in time, or may not be asked.
    /// </exception>
    public static async Task<ControlReply> Ask(
        string directory, ControlRequest request, TimeSpan timeout,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!Directory.Exists(directory))
            throw new LeapsException($"{directory}: there is no such run directory.");
        var address = ControlAddress.Read(directory) ?? throw NotRunning(directory, null);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            using var socket = await Connect(directory, address, limit.Token).ConfigureAwait(false);
            using var stream = new NetworkStream(socket);
            var frames = new MessageFrames(stream, address.Run, "control-client", "control-server");
            return await Converse(directory, frames, request, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException cause) when (!cancellation.IsCancellationRequested)
        {
            throw new LeapsException(FormattableString.Invariant(
                $"{directory}: its process did not answer within {timeout.TotalSeconds:0.###} seconds: ")
                + "it is busy or hangs; ask again, or with a longer time.", cause);
        }
    }

    private static async Task<Socket> Connect(
        string directory, ControlAddress address, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(address.SocketPath), cancellation)
                .ConfigureAwait(false);
            return socket;
        }
        catch (SocketException cause)
        {
            socket.Dispose();
            throw cause.SocketErrorCode switch
            {
                SocketError.AccessDenied => new LeapsException(
                    $"{directory}: its process belongs to another user: ask as that user.", cause),
                // Its queue of connections is full.
                SocketError.WouldBlock or SocketError.TryAgain => new LeapsException(
                    $"{directory}: its process is too busy to be asked: ask again.", cause),
                // Nobody listens at the socket; there is no such socket.
                SocketError.ConnectionRefused or SocketError.AddressNotAvailable =>
                    NotRunning(directory, cause),
                _ => new LeapsException($"{directory}: its process can't be asked: {cause.Message}", cause),
            };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<ControlReply> Converse(
        string directory, MessageFrames frames, ControlRequest request, CancellationToken cancellation)
    {
        var envelope = frames.Create();
        envelope.ControlRequest = request.Clone();
        if (request.Request == 0)
            envelope.ControlRequest.Request = 1;
        Exception? broken = null;
        try
        {
            try
            {
                await frames.Send(envelope, cancellation).ConfigureAwait(false);
            }
            catch (IOException cause)
            {
                // The other end may have said why before it closed.
                broken = cause;
            }
            var received = await frames.Receive(
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(false);
            if (received is null)
                throw new LeapsException(Ended(directory), broken ?? new EndOfStreamException());
            if (received.BodyCase != Envelope.BodyOneofCase.ControlReply)
                throw new ProtocolException($"{received.BodyCase} instead of a ControlReply.");
            // 0: it could not read which request it refuses.
            long answered = received.ControlReply.Request;
            if (answered != envelope.ControlRequest.Request && answered != 0)
                throw new ProtocolException($"reply to request {answered}, which was not asked.");
            return received.ControlReply;
        }
        catch (ProtocolException cause)
        {
            throw new LeapsException($"{directory}: control: {cause.Message}", cause);
        }
        catch (IOException cause)
        {
            throw new LeapsException(Ended(directory), cause);
        }
    }

    private static LeapsException NotRunning(string directory, Exception? cause)
    {
        string line = $"{directory}: no process runs it now; start it again with leaps resume {directory}";
        return cause is null ? new LeapsException(line) : new LeapsException(line, cause);
    }

    private static string Ended(string directory) =>
        $"{directory}: its process ended before it answered; start it again with leaps resume {directory}";
}
