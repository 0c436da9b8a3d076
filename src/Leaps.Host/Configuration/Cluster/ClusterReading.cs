using Leaps.Model;

namespace Leaps.Host.Configuration.Cluster;

/// <summary>How a cluster file is read: by whom, and what stands above it.</summary>
/// <param name="IsNode">a node reads it: it needs the database, and the command line doesn't</param>
/// <param name="Variable">the environment's variables; null: not set</param>
public sealed record ClusterReading(bool IsNode, Func<string, string?> Variable)
{
    public const string FileVariable = "LEAPS_CLUSTER";
    public const string NodeNameVariable = "LEAPS_NODE_NAME";
    public const string BrokerPasswordVariable = "LEAPS_BROKER_PASSWORD";
    public const string DatabasePasswordVariable = "LEAPS_DATABASE_PASSWORD";

    /// <summary>Values of the command line; they stand above file and environment.</summary>
    public IReadOnlyList<Override> Overrides { get; init; } = [];

    /// <summary>The node's name where nothing else gives one.</summary>
    public string HostName { get; init; } = Environment.MachineName;

    /// <summary>The variable; null where it is not set or empty.</summary>
    internal string? Set(string variable) => Variable(variable) is { Length: > 0 } text ? text : null;

    /// <summary>
    /// A file that a value names: beside the cluster file where that names it, in the working directory where
    /// the command line does.
    /// </summary>
    internal static string PathOf(ConfigValue value)
    {
        string path = value.Text();
        string? folder = value.Origin.Line > 0 ? Path.GetDirectoryName(value.Origin.Source) : null;
        return string.IsNullOrEmpty(folder) ? path : Path.Combine(folder, path);
    }

    /// <summary>As <see cref="PathOf"/>, of a file that must be there.</summary>
    /// <exception cref="LeapsException">It is not.</exception>
    internal static string ExistingFile(ConfigValue value)
    {
        string path = PathOf(value);
        return File.Exists(path) ? path
            : throw value.Origin.Error($"'{value.Path}': there is no file {path}");
    }
}
