using System.Net;
using System.Net.Sockets;

namespace Leaps.Chaos.Tests;

/// <summary>
/// The way of a node to both servers: a port for each, whose connections are passed on. Cut, it passes
/// nothing, neither bytes nor the end of a connection, as when a cable is pulled; mended, what was sent
/// meanwhile arrives. A node in a network namespace has a cable, and it is pulled.
/// </summary>
internal sealed class NodeLink : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _broker, _database;
    private volatile TaskCompletionSource _passing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="broker">its port</param>
    /// <param name="database">its port</param>
    /// <param name="place">the node's, this object's from now on; null: it is a process as any other</param>
    public NodeLink(int broker, int database, NodeNamespace? place)
    {
        Place = place;
        _broker = new TcpListener(place?.Address ?? IPAddress.Loopback, 0);
        _database = new TcpListener(place?.Address ?? IPAddress.Loopback, 0);
        _passing.SetResult();
        _broker.Start();
        _database.Start();
        _ = Accept(_broker, broker);
        _ = Accept(_database, database);
    }

    public NodeNamespace? Place { get; }

    /// <summary>Of both servers, as the node calls it.</summary>
    public string Host => Place is null ? "127.0.0.1" : "localhost";

    /// <summary>In place of the broker's.</summary>
    public int BrokerPort => ((IPEndPoint)_broker.LocalEndpoint).Port;

    /// <summary>In place of the database's.</summary>
    public int DatabasePort => ((IPEndPoint)_database.LocalEndpoint).Port;

    public void Cut()
    {
        if (Place is not null)
            Place.Pull();
        else if (_passing.Task.IsCompleted)
            _passing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Mend()
    {
        Place?.Plug();
        _passing.TrySetResult();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _broker.Dispose();
        _database.Dispose();
        Place?.Dispose();
    }

    private async Task Accept(TcpListener listener, int port)
    {
        try
        {
            while (true)
                _ = Serve(await listener.AcceptTcpClientAsync(_stop.Token), port);
        }
        catch (Exception end)
            when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The link is gone.
        }
    }

    private async Task Serve(TcpClient node, int port)
    {
        using var near = node;
        using var far = new TcpClient { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await _passing.Task.WaitAsync(_stop.Token);
            await far.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
            var (there, back) = (near.GetStream(), far.GetStream());
            await Task.WhenAny(Pass(there, back), Pass(back, there));
            await _passing.Task.WaitAsync(_stop.Token);
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or IOException)
        {
            // Both ends are closed, as a connection that is refused.
        }
    }

    private async Task Pass(NetworkStream from, NetworkStream to)
    {
        byte[] buffer = new byte[1 << 16];
        try
        {
            while (true)
            {
                int count = await from.ReadAsync(buffer, _stop.Token);
                await _passing.Task.WaitAsync(_stop.Token);
                if (count == 0)
                    return;
                await to.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (IOException)
        {
            // One side has reset the connection: the other learns it when the link passes.
        }
    }
}
