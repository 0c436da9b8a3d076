using System.Globalization;
using Leaps.Model;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>Connects to the first of the hosts that answers, and tries for as long as it takes.</summary>
internal sealed class BrokerConnector(BrokerOptions options, string name, TimeProvider clock)
{
    /// <summary>
    /// What the broker itself allows: ours are refused one by one, without ending the connection.
    /// </summary>
    private const uint LargestIncoming = 512 << 20;

    private int _first;

    public BrokerOptions Options => options;
    public TimeProvider Clock => clock;

    /// <summary>The first connect: what somebody has to put right is thrown.</summary>
    /// <param name="notice">takes a line when it has to wait; null: it does not wait</param>
    /// <param name="cancellation">ends the waiting</param>
    public async Task<BrokerSession> Connect(Action<string>? notice, CancellationToken cancellation)
    {
        bool told = false;
        for (var pause = options.ShortestPause; ; pause = Longer(pause))
        {
            var (session, error) = await TryAll([], cancellation).ConfigureAwait(false);
            if (session is not null)
            {
                if (told)
                    notice?.Invoke($"connected to the broker {session.Host}.");
                return session;
            }
            if (error is LeapsException)
                throw error;
            string line = $"broker {string.Join(", ", options.Hosts)}: it can't be reached: "
                + BrokerErrors.FirstLine(error!).TrimEnd('.');
            if (notice is null)
                throw new LeapsException($"{line}. Is it running?", error!);
            if (!told)
                notice($"{line}; waiting for it.");
            told = true;
            await Task.Delay(pause, clock, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Any later one: a broker that starts refuses this and that for a while.</summary>
    public async Task<BrokerSession> Reconnect(
        IEnumerable<BrokerLife> expected, Action<string> notice, CancellationToken cancellation)
    {
        string? told = null;
        for (var pause = options.ShortestPause; ; pause = Longer(pause))
        {
            var (session, error) = await TryAll(expected, cancellation).ConfigureAwait(false);
            if (session is not null)
                return session;
            if (error is LeapsException && pause == options.LongestPause && error.Message != told)
                notice(told = error.Message);
            await Task.Delay(pause, clock, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The pause after one that was too short.</summary>
    public TimeSpan Longer(TimeSpan pause) => pause < options.ShortestPause ? options.ShortestPause
        : pause * 2 < options.LongestPause ? pause * 2 : options.LongestPause;

    // Begins with the host that answered last.
    private async Task<(BrokerSession?, Exception?)> TryAll(
        IEnumerable<BrokerLife> expected, CancellationToken cancellation)
    {
        Exception? last = null;
        for (int n = 0; n < options.Hosts.Count; n++)
        {
            int index = (_first + n) % options.Hosts.Count;
            var host = options.Hosts[index];
            BrokerCertificates? certificates = null;
            try
            {
                // Read each time: they may have been replaced, or be half written now.
                certificates = options.Tls is null ? null : new BrokerCertificates(options.Tls, host);
                var session = await Try(host, certificates, expected, cancellation).ConfigureAwait(false);
                _first = index;
                return (session, null);
            }
            catch (Exception error) when (error is LeapsException || BrokerErrors.IsTransport(error))
            {
                cancellation.ThrowIfCancellationRequested();
                var refusal = error as LeapsException
                    ?? BrokerErrors.Refusal(options, host, error, certificates?.Problem);
                last = refusal ?? (last is LeapsException ? last : error);
            }
        }
        return (null, last);
    }

    private async Task<BrokerSession> Try(BrokerHost host, BrokerCertificates? certificates,
        IEnumerable<BrokerLife> expected, CancellationToken cancellation)
    {
        var factory = Factory(host, certificates);
        var outgoing = await factory.CreateConnectionAsync($"{name} out", cancellation).ConfigureAwait(false);
        try
        {
            // A connection counts as open before the broker has allowed the virtual host; a channel does not.
            var probe = await outgoing.CreateChannelAsync(null, cancellation).ConfigureAwait(false);
            await probe.DisposeAsync().ConfigureAwait(false);
            var incoming = await factory.CreateConnectionAsync($"{name} in", cancellation)
                .ConfigureAwait(false);
            return new BrokerSession(host, outgoing, incoming, expected,
                stop => factory.CreateConnectionAsync($"{name} check", stop));
        }
        catch
        {
            await outgoing.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private ConnectionFactory Factory(BrokerHost host, BrokerCertificates? certificates)
    {
        var factory = new ConnectionFactory
        {
            HostName = host.Name,
            Port = host.Port,
            VirtualHost = options.VirtualHost,
            UserName = options.User,
            Password = options.Password,
            RequestedHeartbeat = options.Heartbeat,
            RequestedConnectionTimeout = options.ConnectLimit,
            HandshakeContinuationTimeout = options.ConnectLimit,
            MaxInboundMessageBodySize = LargestIncoming,
            // What is to be there after a reconnect is ours to say, in our order.
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            SocketFactory = static family => new BrokerSocket(family),
        };
        if (certificates is not null)
            factory.Ssl = certificates.Options();
        return factory;
    }
}
