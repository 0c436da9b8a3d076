using System.Globalization;
using System.Net;
using Leaps.Actors.Protocol;
using Leaps.Model;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>Where the RabbitMQ broker is, who we are there, and how much may be under way.</summary>
public sealed record BrokerOptions
{
    /// <summary>The nodes of the broker, tried in turn until one answers.</summary>
    public required IReadOnlyList<BrokerHost> Hosts { get; init; }

    public string VirtualHost { get; init; } = "/";

    public string User { get; init; } = "guest";

    public string Password { get; init; } = "guest";

    /// <summary>Null: no TLS, for hosts of loopback only.</summary>
    public BrokerTls? Tls { get; init; }

    /// <summary>A connection that is silent for twice as long is lost.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause before the second attempt to connect; it doubles from attempt to attempt.</summary>
    public TimeSpan ShortestPause { get; init; } = TimeSpan.FromMilliseconds(50);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one host may take to answer.</summary>
    public TimeSpan ConnectLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a mailbox is asked whether the broker knows that it is consumed.</summary>
    public TimeSpan ConsumerCheck { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Messages that the broker has not confirmed, in bytes: beyond, whoever sends waits.</summary>
    public long OutboxBytes { get; init; } = 256L << 20;

    /// <summary>Messages that a mailbox holds here before they are handled, 1 to 65,535.</summary>
    public int Prefetch { get; init; } = 64;

    /// <summary>The largest message, in bytes.</summary>
    public int MaximumMessageBytes { get; init; } = MessageCodec.DefaultMaximumBytes;

    /// <summary>Without the password.</summary>
    public override string ToString() => $"{User}@{string.Join(',', Hosts)}/{VirtualHost}";

    /// <exception cref="LeapsException">One of them can't be used.</exception>
    public void Check()
    {
        Require(Hosts.Count > 0, "broker: no host is given.");
        Require(User.Length > 0 && VirtualHost.Length > 0, "broker: user and virtual host can't be empty.");
        Require(Heartbeat >= TimeSpan.FromSeconds(1) && Heartbeat.TotalSeconds <= ushort.MaxValue,
            "broker: the heartbeat must be 1 to 65,535 seconds.");
        Require(ShortestPause > TimeSpan.Zero && LongestPause >= ShortestPause,
            "broker: the pauses between attempts must be more than 0, the longest not below the shortest.");
        Require(ConsumerCheck > TimeSpan.Zero, "broker: the pause between checks must be more than 0.");
        Require(OutboxBytes >= 1 && MaximumMessageBytes >= 1,
            "broker: the outbox and the largest message must have 1 byte at least.");
        Require(Prefetch is >= 1 and <= ushort.MaxValue, "broker: prefetch must be 1 to 65,535.");
        foreach (var host in Hosts.Where(host => !host.IsLoopback))
        {
            Require(Tls is not null,
                $"broker {host}: TLS is off; it may be off for brokers on this machine only: turn it on.");
            Require(User != "guest" || Password != "guest",
                $"broker {host}: user guest with password guest is for brokers on this machine only: " +
                "give a user of its own.");
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
            throw new LeapsException(otherwise);
    }
}

/// <summary>A node of the broker.</summary>
/// <param name="Name">name or address</param>
/// <param name="Port">5672 without, 5671 with TLS is usual</param>
public sealed record BrokerHost(string Name, int Port)
{
    /// <summary>Of this machine.</summary>
    public bool IsLoopback => string.Equals(Name, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(Name, out var address) && IPAddress.IsLoopback(address));

    /// <summary>From "host:port".</summary>
    /// <exception cref="LeapsException">It is something else.</exception>
    public static BrokerHost Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None,
                CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65535
            ? new BrokerHost(text[..colon].Trim('[', ']'), port)
            : throw new LeapsException($"broker '{text}': write host:port, such as localhost:5672.");
    }

    public override string ToString() => FormattableString.Invariant($"{Name}:{Port}");
}

/// <summary>How we know the broker, and it us.</summary>
/// <param name="AuthorityFile">PEM certificates that the broker's must be signed by; null: the
/// system's</param>
/// <param name="ServerName">that the broker's certificate must be for; null: its host name</param>
/// <param name="ClientCertificateFile">PEM certificate that we show; null: none</param>
/// <param name="ClientKeyFile">its PEM key; null: in the same file</param>
public sealed record BrokerTls(string? AuthorityFile = null, string? ServerName = null,
    string? ClientCertificateFile = null, string? ClientKeyFile = null);
