using System.CommandLine;
using System.Globalization;
using Leaps.Host.Configuration;

namespace Leaps.Host.Commands.Cluster;

/// <summary>leaps node: join a cluster with this machine's device, until told to end.</summary>
internal static class NodeCommand
{
    public const string Name = "node";

    public static Command Create(CommandShell shell, Job<NodeRequest> job)
    {
        var command = new Command(Name, "Join a cluster: host parts of its runs until Ctrl-C or SIGTERM.");
        var cluster = new ClusterOption(shell.Variable);
        var name = OptionFactory.Text("--name", "NAME",
            "The node's name, unique in the cluster; without it the file's, or the host's.");
        var threads = OptionFactory.Integer("--threads", "T", "Threads; 0 means all. Changes no result.");
        var device = OptionFactory.Device(
            "Where networks are: the CPU, every GPU, GPUs by number, or GPUs if there are any (auto).");
        var set = new Option<string[]>("--set")
        {
            HelpName = "key=value",
            Description = "Replace a value of the cluster's file, e.g. --set node.health-port=8080. "
                + "May be repeated.",
        };
        cluster.AddTo(command);
        foreach (var option in (Option[])[name, threads, device, set])
            command.Options.Add(option);
        return shell.Complete(command, parse =>
        {
            var overrides = (parse.GetValue(set) ?? []).Select(Override.Parse).ToList();
            if (parse.GetValue(name) is { } text)
                overrides.Add(Override.Text("node.name", "--name", text));
            if (parse.GetValue(threads) is { } number)
                overrides.Add(Override.Number(
                    "node.threads", "--threads", number.ToString(CultureInfo.InvariantCulture)));
            if (parse.GetValue(device) is { } selection)
                overrides.Add(Override.Text("node.device", "--device", selection.ToString()));
            return new NodeRequest(cluster.Read(parse, isNode: true, overrides));
        }, job, reportsProgress: false);
    }
}
