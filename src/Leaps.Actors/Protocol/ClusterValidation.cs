using Google.Protobuf;
using Google.Protobuf.Collections;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Actors.Protocol;

/// <summary>
/// What leaps.proto promises of the messages of a cluster, checked. Throws <see cref="ProtocolException"/>.
/// </summary>
internal static class ClusterValidation
{
    /// <summary>Characters of a run's or a node's name: "node-" and it make an actor's.</summary>
    public const int MostNameLength = 100;

    private const int MostText = 300, MostLost = 100, IdentifierBytes = 16, MostThreads = 1 << 20;
    private const long MostGroups = 1 << 20;

    public static void Check(NodeHeartbeat beat, FieldChecks checks)
    {
        CheckName("node", beat.Node, checks);
        CheckIdentifier("session", beat.Session, checks);
        checks.Range("beat", beat.Beat, 1);
        checks.Range("process", beat.Process, 0);
        checks.Range("threads", beat.Threads, 1, MostThreads);
        checks.Range("speed", beat.Speed, double.Epsilon, double.MaxValue);
        CheckText("host", beat.Host, checks);
        CheckText("version", beat.Version, checks);
        CheckText("device", beat.Device, checks);
        checks.Range("scheduler_epoch", beat.SchedulerEpoch, 0, int.MaxValue);
        checks.Range("assignment", beat.Assignment, 0);
        checks.Range("sound", beat.Sound, 0, double.MaxValue);
        foreach (var hosted in beat.Hosted)
        {
            CheckAddress("hosted.address", hosted.Address, checks);
            if (hosted.Needs is not null)
                Check(hosted.Needs, checks);
            if (hosted.Concluded is not null)
                checks.Chosen("hosted.concluded.outcome", hosted.Concluded.Outcome);
            bool isHome = hosted.Address.Actor == ActorNames.Home;
            if (!isHome && (hosted.Needs is not null || hosted.Concluded is not null))
                throw checks.Wrong(
                    $"hosted: {hosted.Address.Actor} has needs or an end, as only a home has.");
        }
        CheckOnce("hosted", beat.Hosted.Select(hosted => hosted.Address), checks);
        checks.Range("lost (how many)", beat.Lost.Count, 0, MostLost);
        foreach (var lost in beat.Lost)
        {
            CheckAddress("lost.address", lost.Address, checks);
            checks.Range("lost.assignment", lost.Assignment, 0);
        }
    }

    public static void Check(Assignment assignment, FieldChecks checks)
    {
        CheckName("node", assignment.Node, checks);
        CheckIdentifier("session", assignment.Session, checks);
        checks.Range("scheduler_epoch", assignment.SchedulerEpoch, 1, int.MaxValue);
        checks.Range("version", assignment.Version, 1);
        checks.Range("cluster_threads", assignment.ClusterThreads, 1);
        foreach (var actor in assignment.Actors)
        {
            CheckAddress("actors.address", actor.Address, checks);
            checks.Range("actors.resumptions", actor.Resumptions, 0);
        }
        CheckOnce("actors", assignment.Actors.Select(actor => actor.Address), checks);
    }

    public static void Check(ClusterRequest request, FieldChecks checks)
    {
        checks.Range("request", request.Request, 0);
        checks.Chosen("command", request.Command);
        checks.Range("offset", request.Offset, 0);
        bool submits = request.Command == Command.Submit;
        if (submits != (request.Submit is not null))
            throw checks.Wrong("submit is for the command 'submit', which needs one.");
        if (request.Submit is not null)
            Check(request.Submit, checks);
        bool ofNode = request.Command is Command.Drain or Command.Undrain;
        if (!submits && !ofNode && request.Command != Command.List && request.Run.Length == 0)
            throw checks.Wrong("run is missing: the command is for one.");
        if ((ofNode || request.Command == Command.Set) && request.Key.Length == 0)
            throw checks.Wrong("key is missing: the command needs one.");
    }

    public static void Check(ClusterReply reply, FieldChecks checks)
    {
        checks.Range("request", reply.Request, 0);
        checks.Range("length", reply.Length, 0);
        foreach (var run in reply.Runs)
        {
            CheckIdentifier("runs.run_id", run.RunId, checks);
            CheckName("runs.name", run.Name, checks);
            checks.Range("runs.actors", run.Actors, 0);
            checks.Range("runs.scale", run.Scale, 0);
        }
        foreach (var node in reply.Nodes)
        {
            CheckName("nodes.node", node.Node, checks);
            checks.Range("nodes.actors", node.Actors, 0);
            checks.Range("nodes.speed", node.Speed, 0, double.MaxValue);
            checks.Range("nodes.silent", node.Silent, 0, double.MaxValue);
        }
    }

    /// <summary>A name for people: of a run or a node.</summary>
    public static void CheckName(string field, string name, FieldChecks checks)
    {
        if (name.Length is < 1 or > MostNameLength
            || name.Any(c => !char.IsAsciiLetterOrDigit(c) && !"._-".Contains(c)))
            throw checks.Wrong($"{field} must be 1 to {MostNameLength} letters, digits and . _ -");
    }

    public static void CheckIdentifier(string field, ByteString value, FieldChecks checks)
    {
        if (value.Length != IdentifierBytes)
            throw checks.Wrong($"{field} has {value.Length} bytes; it must have {IdentifierBytes}.");
    }

    private static void Check(SubmitRun submit, FieldChecks checks)
    {
        CheckIdentifier("submit.run_id", submit.RunId, checks);
        CheckName("submit.name", submit.Name, checks);
        if (submit.Configuration.Length == 0)
            throw checks.Wrong("submit.configuration is missing.");
    }

    private static void Check(RunNeeds needs, FieldChecks checks)
    {
        CheckText("hosted.needs.device", needs.Device, checks);
        if (needs.Sampling.Length == 0)
            return;
        checks.Name("hosted.needs.sampling", needs.Sampling);
        checks.Range("hosted.needs.groups", needs.Groups, 1, MostGroups);
        CheckRising("hosted.needs.replicas", needs.Replicas, checks);
        checks.Range("hosted.needs (groups of all replicas)",
            (long)needs.Replicas.Count * needs.Groups, 0, MostGroups);
        if (needs.Replicas.Count > 0)
            checks.Range("hosted.needs.replicas", needs.Replicas[^1], 0, int.MaxValue / needs.Groups - 1);
    }

    private static void CheckRising(string field, RepeatedField<int> values, FieldChecks checks)
    {
        int least = 0;
        foreach (int value in values)
        {
            checks.Range(field, value, least, int.MaxValue - 1);
            least = value + 1;
        }
    }

    private static void CheckAddress(string field, ActorAddress? address, FieldChecks checks)
    {
        if (address is null)
            throw checks.Wrong($"{field} is missing.");
        CheckIdentifier(field + ".run_id", address.RunId, checks);
        checks.Name(field + ".part", address.Part);
        checks.Name(field + ".actor", address.Actor);
    }

    private static void CheckOnce(string field, IEnumerable<ActorAddress> addresses, FieldChecks checks)
    {
        var seen = new HashSet<ActorAddress>();
        foreach (var address in addresses)
        {
            if (!seen.Add(address))
                throw checks.Wrong($"{field} has {address.Actor} of one run twice.");
        }
    }

    private static void CheckText(string field, string value, FieldChecks checks) =>
        checks.Range($"{field} (its length)", value.Length, 0, MostText);
}
