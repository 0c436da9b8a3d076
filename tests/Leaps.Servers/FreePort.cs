using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Leaps.Servers;

/// <summary>
/// Ports of loopback that nobody listens on. Each is given once, and below those that the system gives to
/// whoever asks for any: nobody else takes it before its server does.
/// </summary>
public static class FreePort
{
    private const int First = 20_000, End = 32_768;
    private const int MostAttempts = 1000;

    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <param name="offsets">of the ports that must be free with it, such as -1000</param>
    public static int Next(params int[] offsets)
    {
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            int port = RandomNumberGenerator.GetInt32(First, End);
            int[] ports = [port, .. offsets.Select(offset => port + offset)];
            if (ports.All(wanted => wanted is >= First and < End && Given.TryAdd(wanted, true))
                && ports.All(IsFree))
                return port;
        }
        throw new InvalidOperationException($"No port from {First} to {End - 1} is free.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
