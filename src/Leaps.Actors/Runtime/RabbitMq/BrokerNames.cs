using System.Security.Cryptography;
using System.Text;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// What a cluster has at its broker. Everything begins with "leaps.NAME.", so that users can be given rights
/// by regular expressions: whoever submits needs to write to the exchange "leaps.NAME.cluster" and to have
/// queues "leaps.NAME.cluster.client-…".
/// </summary>
public static class BrokerNames
{
    /// <summary>Of a cluster's name, in characters.</summary>
    public const int LongestCluster = 20;

    private const int ShortRun = 12;

    /// <summary>The mailboxes of nodes, scheduler and clients.</summary>
    public static string Cluster(string cluster) => $"leaps.{cluster}.cluster";

    /// <summary>The mailboxes of a part of a run.</summary>
    public static string Run(string cluster, Guid run, string part) =>
        $"leaps.{cluster}.{Short(run)}.{part}";

    /// <summary>The beginning of a run's identifier, as names have it.</summary>
    public static string Short(Guid run) => run.ToString("N")[..ShortRun];

    /// <summary>Whose exchange it is, as <see cref="Short"/>; empty where it is not a run's.</summary>
    public static string RunOf(string cluster, string exchange)
    {
        string prefix = $"leaps.{cluster}.";
        string rest = exchange.StartsWith(prefix, StringComparison.Ordinal) ? exchange[prefix.Length..] : "";
        return rest.Length > ShortRun && rest[ShortRun] == '.'
            && rest[..ShortRun].All(char.IsAsciiHexDigitLower)
            ? rest[..ShortRun] : "";
    }

    /// <summary>Prefix of where all messages go that nobody could take.</summary>
    public static string Root(string cluster) => $"leaps.{cluster}";

    /// <summary>A mark that says which database the cluster has.</summary>
    public static string Identity(string cluster) => $"leaps.{cluster}.identity";

    /// <summary>What the cluster's own messages name as their run: known to whoever knows its name.</summary>
    public static Guid IdOf(string cluster) => new(
        SHA256.HashData(Encoding.UTF8.GetBytes($"leaps cluster {cluster}")).AsSpan(0, 16), bigEndian: true);
}
