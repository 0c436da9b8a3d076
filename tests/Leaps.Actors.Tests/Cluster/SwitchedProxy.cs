using System.Net;
using System.Net.Sockets;

namespace Leaps.Actors.Tests.Cluster;

/// <summary>A way to a server of loopback that can be closed: connections end, or nothing comes through
/// any more.</summary>
internal sealed class SwitchedProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ManualResetEventSlim _flows = new(initialState: true);
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _ends = [];
    private readonly int _server;
    private bool _refuses;

    public SwitchedProxy(int server)
    {
        _server = server;
        _listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <param name="silently">nothing ends and nothing comes; else all connections end, and new ones
    /// too</param>
    public void Close(bool silently)
    {
        if (silently)
        {
            _flows.Reset();
            return;
        }
        lock (_gate)
        {
            _refuses = true;
            _ends.ForEach(end => end.Close());
            _ends.Clear();
        }
    }

    public void Open()
    {
        lock (_gate)
            _refuses = false;
        _flows.Set();
    }

    public void Dispose()
    {
        _listener.Stop();
        Close(silently: false);
        _flows.Set();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = _listener.AcceptTcpClient();
                var upstream = new TcpClient();
                lock (_gate)
                {
                    if (_refuses)
                    {
                        client.Close();
                        upstream.Dispose();
                        continue;
                    }
                    _ends.AddRange([client, upstream]);
                }
                upstream.NoDelay = client.NoDelay = true;
                upstream.Connect(IPAddress.Loopback, _server);
                new Thread(() => Pump(client, upstream)) { IsBackground = true }.Start();
                new Thread(() => Pump(upstream, client)) { IsBackground = true }.Start();
            }
        }
        catch (SocketException)
        {
            // The listener was stopped.
            return;
        }
    }

    private void Pump(TcpClient from, TcpClient to)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            int count;
            while ((count = from.GetStream().Read(buffer)) > 0)
            {
                _flows.Wait();
                to.GetStream().Write(buffer, 0, count);
            }
        }
        catch (Exception end) when (end is IOException or SocketException or InvalidOperationException)
        {
            // The other side ends too.
        }
        from.Close();
        to.Close();
    }
}
