using System.IO;
using System.Net.Sockets;
using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>Nothing came from the broker, not even heartbeats, for as long as the client allows.</summary>
internal sealed class BrokerSilentException(TimeSpan limit) : EndOfStreamException(
    FormattableString.Invariant($"nothing came from it for {limit.TotalSeconds:0.#} s"));

/// <summary>
/// A socket whose reads heed the limit that the client sets, twice the heartbeat; its own do not, and its
/// count of heartbeats needs up to four times. When a network comes back after some seconds TCP stays silent
/// for as long once more before it tries again, in one direction or both: a new connection is sooner there.
/// </summary>
internal sealed class BrokerSocket(AddressFamily family)
    : TcpClientAdapter(new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
{
    public override NetworkStream GetStream() => new LimitedStream(Client);

    private sealed class LimitedStream(Socket socket) : NetworkStream(socket)
    {
        private volatile int _limit = Timeout.Infinite;

        /// <summary>In milliseconds.</summary>
        public override int ReadTimeout
        {
            get => _limit;
            set => _limit = value;
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                int limit = _limit;
                using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                over.CancelAfter(limit);
                try
                {
                    return await base.ReadAsync(buffer, over.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    // Whoever was stopped itself finds both: the limit is over, and something has come.
                    if (Socket.Available > 0)
                        continue;
                    // So that nothing that is being written holds up the end of the connection.
                    Socket.Dispose();
                    throw new BrokerSilentException(TimeSpan.FromMilliseconds(limit));
                }
            }
        }
    }
}
