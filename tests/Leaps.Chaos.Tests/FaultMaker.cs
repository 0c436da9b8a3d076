using System.Diagnostics;
using Leaps.Actors.Protocol;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Chaos.Tests;

/// <summary>A node that was away.</summary>
/// <param name="Fault">by which</param>
/// <param name="At">seconds after the submission</param>
/// <param name="Process">its process</param>
internal sealed record NodeLoss(Fault Fault, double At, int Process)
{
    /// <summary>Seconds after the submission, where the same process goes on; else null.</summary>
    public double? CameBack { get; set; }
}

/// <summary>Does to a cluster what a case says.</summary>
/// <param name="servers">of all cases</param>
/// <param name="cluster">the nodes</param>
/// <param name="user">of the run</param>
/// <param name="observer">who knows where its home and the scheduler are</param>
/// <param name="run">the run</param>
/// <param name="visitor">a second run, should the user submit one</param>
/// <param name="clock">runs since the submission</param>
internal sealed class FaultMaker(ChaosServers servers, ChaosCluster cluster, ChaosUser user,
    Observer observer, Guid run, Guid visitor, Stopwatch clock)
{
    public List<NodeLoss> Losses { get; } = [];

    /// <summary>There is a second run.</summary>
    public bool Visited { get; private set; }

    /// <summary>Ends when the fault is over, and all is there again that is to be.</summary>
    public async Task Make(Fault fault, CancellationToken cancellation)
    {
        var wait = TimeSpan.FromSeconds(fault.At) - clock.Elapsed;
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, cancellation);
        var length = TimeSpan.FromSeconds(fault.Length);
        switch (fault.Kind)
        {
            case FaultKind.KillBroker:
            case FaultKind.StopBroker:
            case FaultKind.LoseBroker:
                await servers.LoseBroker(fault.Kind, length, cancellation);
                break;
            case FaultKind.KillDatabase:
                await servers.LoseDatabase(length, cancellation);
                break;
            case FaultKind.FreezeDatabase:
                await servers.FreezeDatabase(length, cancellation);
                break;
            case FaultKind.Join:
                cluster.Start(ChaosCluster.NameOf(ChaosCase.Nodes));
                break;
            case FaultKind.Pause:
                await Between(Command.Pause, Command.Resume, run.ToString("N"), "", length, cancellation);
                break;
            case FaultKind.Drain:
                await Between(Command.Drain, Command.Undrain, "", ChaosCluster.NameOf(fault.Node), length,
                    cancellation);
                break;
            case FaultKind.Visit:
                await Visit(cancellation);
                break;
            case FaultKind.KillAll:
                await KillAll(length, cancellation);
                break;
            default:
                await OnNode(fault, length, cancellation);
                break;
        }
    }

    private async Task OnNode(Fault fault, TimeSpan length, CancellationToken cancellation)
    {
        string name = fault.Kind switch
        {
            FaultKind.KillHome => observer.Home,
            FaultKind.KillScheduler => observer.Scheduler,
            _ => ChaosCluster.NameOf(fault.Node),
        };
        // Should it be gone already, it falls on another.
        var living = cluster.Living;
        if ((cluster.Find(name) ?? (living.Count > 0 ? living[0] : null)) is not { } node)
            return;
        name = node.Name;
        var loss = new NodeLoss(fault, clock.Elapsed.TotalSeconds, node.Id);
        if (fault.IsNodeLoss)
            Losses.Add(loss);
        switch (fault.Kind)
        {
            case FaultKind.Freeze:
                await Away(loss, node.Freeze, node.Continue, length, cancellation);
                return;
            case FaultKind.Cut:
                var link = cluster.LinkOf(name);
                await Away(loss, link.Cut, link.Mend, length, cancellation);
                return;
            case FaultKind.Slow:
                await SlowDown(node, length, cancellation);
                return;
            case FaultKind.Terminate:
                node.Terminate();
                await node.WaitForExit(cancellation);
                break;
            default:
                node.Kill();
                break;
        }
        if (fault.Kind == FaultKind.LoseNode)
            return;
        await Task.Delay(length, cancellation);
        cluster.Start(name);
    }

    private async Task Away(
        NodeLoss loss, Action go, Action comeBack, TimeSpan length, CancellationToken cancellation)
    {
        go();
        try
        {
            await Task.Delay(length, cancellation);
        }
        finally
        {
            comeBack();
            loss.CameBack = clock.Elapsed.TotalSeconds;
        }
    }

    private async Task SlowDown(NodeProcess node, TimeSpan length, CancellationToken cancellation)
    {
        var end = clock.Elapsed + length;
        while (clock.Elapsed < end && !observer.IsOver)
        {
            node.Freeze();
            try
            {
                await Task.Delay(90, cancellation);
            }
            finally
            {
                node.Continue();
            }
            await Task.Delay(10, cancellation);
        }
    }

    private async Task KillAll(TimeSpan pause, CancellationToken cancellation)
    {
        var nodes = cluster.Living;
        foreach (var node in nodes)
            node.Kill();
        await Task.Delay(pause, cancellation);
        foreach (var node in nodes)
            cluster.Start(node.Name);
    }

    // What the user has begun is also ended, whatever else happens meanwhile.
    private async Task Between(Command begin, Command end, string named, string node, TimeSpan length,
        CancellationToken cancellation)
    {
        if (await Told(begin))
        {
            await Task.Delay(length, cancellation);
            await Told(end);
        }

        async Task<bool> Told(Command command)
        {
            while (!observer.IsOver)
            {
                var request = new ClusterRequest { Command = command, Run = named, Key = node };
                if (await user.TryAsk(request, TimeSpan.FromSeconds(1), cancellation) is not null)
                    return true;
                await Task.Delay(100, cancellation);
            }
            return false;
        }
    }

    private async Task Visit(CancellationToken cancellation)
    {
        await user.Submit(visitor, "visitor", RunShape.Visitor, cancellation);
        Visited = true;
        foreach (var command in (Command[])[Command.Log, Command.Checkpoint, Command.Status, Command.Fetch])
        {
            var request = new ClusterRequest { Command = command, Run = run.ToString("N") };
            await user.TryAsk(request, TimeSpan.FromSeconds(1), cancellation);
        }
    }
}
