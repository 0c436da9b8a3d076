using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Leaps.Host.Tests.Observability;

/// <summary>Takes what an OTLP exporter sends over HTTP, on a port of its own.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private readonly Lock _gate = new();
    private readonly Task _serving;
    private bool _closed;

    public OtlpReceiver()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}");
        }
        _listener.Prefixes.Add(Endpoint + "");
        _listener.Start();
        _serving = Task.Run(Serve);
    }

    public Uri Endpoint { get; }

    public List<string> Paths => [.. _received.Select(one => one.Path).Distinct().Order()];

    /// <summary>Names and texts are in the protobuf message as they are.</summary>
    public bool HasSeen(string path, string text) => _received.Any(one => one.Path == path
        && one.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _listener.Close();
        }
        _serving.Wait();
    }

    // A listener that is closed at the very moment when it is asked never answers.
    private Task<HttpListenerContext> Next()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return _listener.GetContextAsync();
        }
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                var context = await Next();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                _received.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }
}
