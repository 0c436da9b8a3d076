using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Leaps.Model;

namespace Leaps.Host.Observability;

/// <summary>
/// The health page of a node: HTTP/1.1, GET only, one request a connection, small answers.
/// </summary>
/// <remarks>
/// On plain sockets. ASP.NET Core would be a second shared framework that every node has to have, some
/// 25 MB more where leaps is published with its runtime, for three fixed pages; and HttpListener answers
/// requests by the host that they name, so that one bound to 127.0.0.1 refuses those for localhost.
/// </remarks>
internal sealed class HealthEndpoint : IDisposable
{
    private const int LongestHead = 8192;
    private const int MostConnections = 16;
    private const int MostReads = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TcpListener _listener;
    private readonly Func<string, HealthAnswer> _answer;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _room = new(MostConnections);
    private readonly Task _serving;

    /// <param name="address">of this machine</param>
    /// <param name="port">0: any</param>
    /// <param name="answer">to a GET of a path; from any thread</param>
    /// <param name="clock">for those who are slow</param>
    /// <exception cref="LeapsException">The port is not to be had.</exception>
    public HealthEndpoint(IPAddress address, int port, Func<string, HealthAnswer> answer, TimeProvider clock)
    {
        _answer = answer;
        _clock = clock;
        _listener = new TcpListener(address, port);
        try
        {
            _listener.Start();
        }
        catch (SocketException error)
        {
            _listener.Dispose();
            throw new LeapsException($"health page: can't listen on {new IPEndPoint(address, port)}: "
                + $"{error.Message}; choose another node.health-port, or 0 for none", error);
        }
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = Task.Run(Serve);
    }

    public int Port { get; }

    public void Dispose()
    {
        if (_stop.IsCancellationRequested)
            return;
        _stop.Cancel();
        _listener.Stop();
        _serving.Wait();
        // Those who are being answered end by themselves, soon.
        for (int n = 0; n < MostConnections; n++)
            _room.Wait();
        _listener.Dispose();
        _room.Dispose();
        _stop.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                await _room.WaitAsync(_stop.Token).ConfigureAwait(false);
                Socket socket;
                try
                {
                    socket = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
                }
                catch (Exception error) when (error is SocketException or ObjectDisposedException
                    or OperationCanceledException)
                {
                    _room.Release();
                    // Whoever was to be accepted has gone, unless the page itself is closed.
                    _stop.Token.ThrowIfCancellationRequested();
                    continue;
                }
                _ = Converse(socket);
            }
        }
        catch (OperationCanceledException)
        {
            // Closed.
        }
    }

    private async Task Converse(Socket socket)
    {
        using var limit = new CancellationTokenSource(Patience, _clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            var answer = await ReadHead(stream, end.Token).ConfigureAwait(false) is { } head
                ? Answer(head) : HealthAnswer.Text(431, "the request is too long");
            await stream.WriteAsync(Encode(answer), end.Token).ConfigureAwait(false);
            socket.Shutdown(SocketShutdown.Send);
            // What is closed with something unread may take the answer with it.
            byte[] rest = new byte[LongestHead];
            int reads = 0;
            while (reads < MostReads && await stream.ReadAsync(rest, end.Token).ConfigureAwait(false) > 0)
                reads++;
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException)
        {
            // Whoever asked has gone, or was too slow.
        }
        finally
        {
            _room.Release();
        }
    }

    // All before the empty line; null: longer than allowed.
    private static async Task<string?> ReadHead(NetworkStream stream, CancellationToken end)
    {
        byte[] buffer = new byte[LongestHead];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), end).ConfigureAwait(false);
            if (read == 0)
                throw new IOException("closed before the request was complete");
            length += read;
            int headEnd = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (headEnd >= 0)
                return Encoding.Latin1.GetString(buffer, 0, headEnd);
        }
        return null;
    }

    private HealthAnswer Answer(string head)
    {
        string[] parts = head.Split("\r\n", 2)[0].Split(' ');
        if (parts.Length != 3 || !parts[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
            return HealthAnswer.Text(400, "this is no request of HTTP/1.1");
        return parts[0] != "GET" ? HealthAnswer.Text(405, "only GET") : _answer(parts[1].Split('?')[0]);
    }

    private static byte[] Encode(HealthAnswer answer)
    {
        string reason = answer.Code switch
        {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            431 => "Request Header Fields Too Large",
            _ => "Service Unavailable",
        };
        string head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Code} {reason}\r\n"
            + $"Content-Type: {answer.ContentType}\r\nContent-Length: {answer.Body.Length}\r\n"
            + $"{(answer.Code == 405 ? "Allow: GET\r\n" : "")}"
            + $"Cache-Control: no-store\r\nConnection: close\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. answer.Body];
    }
}
