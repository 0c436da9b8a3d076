using System.Net;
using System.Net.Sockets;

namespace Leaps.Actors.Tests.Journal.PostgreSql;

/// <summary>
/// A way to a server of loopback that fails when a message of the client with a certain text comes along:
/// before the message reaches the server, or once the server has done what it says, instead of its answer.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int server;
    private readonly Lock gate = new();
    private readonly ManualResetEventSlim released = new(initialState: true);
    private readonly SemaphoreSlim reached = new(0);
    private readonly HashSet<TcpClient> swallowing = [];
    private byte[] text = [];
    private bool deliver;
    private int cuts;
    private int holds;

    public CuttingProxy(int server)
    {
        this.server = server;
        listener.Start();
        var thread = new Thread(Accept) { IsBackground = true };
        thread.Start();
    }

    /// <summary>The command that ends a transaction; a name of its isolation level begins like it.</summary>
    public static ReadOnlySpan<byte> Commit => "COMMIT\0"u8;

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Cuts so many times at a message with this text.</summary>
    public void CutAt(ReadOnlySpan<byte> text, bool deliver, int times = 1)
    {
        lock (gate)
            (this.text, this.deliver, cuts) = (text.ToArray(), deliver, times);
    }

    /// <summary>Holds the next message with this text back until <see cref="Release"/>.</summary>
    public void HoldAt(ReadOnlySpan<byte> text)
    {
        released.Reset();
        lock (gate)
            (this.text, holds) = (text.ToArray(), 1);
    }

    public void Release() => released.Set();

    /// <summary>Waits until one more message was cut or held.</summary>
    public void AwaitReached() => Assert.True(reached.Wait(TimeSpan.FromSeconds(30)), "no such message came");

    public void Dispose()
    {
        released.Set();
        listener.Stop();
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var client = listener.AcceptTcpClient();
                var thread = new Thread(() => Serve(client)) { IsBackground = true };
                thread.Start();
            }
        }
        catch (SocketException)
        {
            // The listener was stopped.
            return;
        }
    }

    private void Serve(TcpClient client)
    {
        using (client)
        using (var upstream = new TcpClient())
        {
            try
            {
                upstream.NoDelay = client.NoDelay = true;
                upstream.Connect(IPAddress.Loopback, server);
                var back = new Thread(() => Pump(upstream, client)) { IsBackground = true };
                back.Start();
                Forward(client, upstream);
            }
            catch (Exception end) when (end is IOException or SocketException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private void Forward(TcpClient client, TcpClient upstream)
    {
        byte[] buffer = new byte[1 << 16];
        int count;
        while ((count = client.GetStream().Read(buffer)) > 0)
        {
            var message = buffer.AsSpan(0, count);
            var (cut, hold) = Judge(message);
            if (hold)
                released.Wait();
            if (!cut)
            {
                upstream.GetStream().Write(message);
                continue;
            }
            if (!deliver)
                return;
            // The rest of it may come in packets of its own: the answer tells when the server has it all.
            lock (gate)
                swallowing.Add(client);
            upstream.GetStream().Write(message);
        }
    }

    private (bool Cut, bool Hold) Judge(ReadOnlySpan<byte> message)
    {
        lock (gate)
        {
            if (text.Length == 0 || (cuts == 0 && holds == 0) || message.IndexOf(text) < 0)
                return (false, false);
            bool hold = holds > 0;
            (cuts, holds) = hold ? (cuts, holds - 1) : (cuts - 1, holds);
            reached.Release();
            return (!hold, hold);
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
                lock (gate)
                {
                    if (!swallowing.Contains(to))
                        to.GetStream().Write(buffer, 0, count);
                    else if (buffer.AsSpan(0, count).IndexOf(Commit) >= 0)
                        to.Client.Close(0);
                }
            }
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception end) when (end is IOException or SocketException or InvalidOperationException)
        {
            // One side is gone; the other notices by itself.
            return;
        }
    }
}
