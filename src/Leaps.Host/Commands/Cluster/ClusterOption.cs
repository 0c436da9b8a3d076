using System.CommandLine;
using Leaps.Host.Configuration;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Commands.Cluster;

/// <summary>--cluster FILE, in whose place the environment variable LEAPS_CLUSTER may stand.</summary>
/// <param name="variable">the environment's variables</param>
internal sealed class ClusterOption(Func<string, string?> variable)
{
    private readonly Option<string?> _file = OptionFactory.Text("--cluster", "FILE",
        $"The cluster's file; without it the one that {ClusterReading.FileVariable} names.");

    public void AddTo(Command command) => command.Options.Add(_file);

    /// <summary>Whether an argument stands for a run of a cluster and not for a run directory.</summary>
    public bool Means(ParseResult parse, string run) =>
        parse.GetValue(_file) is not null || (FromVariable is not null && !Directory.Exists(run));

    /// <exception cref="UsageException">No cluster is named.</exception>
    /// <exception cref="Leaps.Model.LeapsException">The file is wrong.</exception>
    public ClusterReference Read(
        ParseResult parse, bool isNode = false, params IReadOnlyList<Override> overrides)
    {
        string? named = parse.GetValue(_file);
        string file = named ?? FromVariable ?? throw new UsageException(
            $"which cluster? give --cluster FILE, or name the file in {ClusterReading.FileVariable}");
        var reading = new ClusterReading(isNode, variable) { Overrides = overrides };
        return new ClusterReference(
            ClusterConfigurationReader.ReadFile(file, reading), file, named is not null);
    }

    private string? FromVariable =>
        variable(ClusterReading.FileVariable) is { Length: > 0 } file ? file : null;
}
