using System.Globalization;
using Leaps.Actors.Protocol;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;
using Outcome = Leaps.Actors.Protocol.RunConcluded.Types.Outcome;

namespace Leaps.Actors.Scheduler;

/// <summary>Commands of the user. Each is answered, here, by the run's home or by the store; what it changes
/// is in the journal first.</summary>
internal static class SchedulerControl
{
    private const string AskAgain = "ask again in a few seconds";

    public static SchedulerState Answer(SchedulerState state, Asked asked, Effects effects) =>
        asked.Request.Command switch
        {
            Command.List => List(state, asked, effects),
            Command.Submit => Submit(state, asked, effects),
            Command.Drain or Command.Undrain => Drain(state, asked, effects),
            _ => OfRun(state, asked, effects),
        };

    /// <summary>The run's YAML and model are durable: from now on there is the run.</summary>
    public static SchedulerState Submitted(SchedulerState state, SubmissionStored stored, Effects effects)
    {
        var submit = stored.Request.Submit;
        var asked = new Asked(stored.Asker, stored.User, stored.Request, stored.UnixSeconds);
        if (Known(state, asked) is { } known)
            return Reply(state, asked, effects, known.Accepted, known.Text);
        var next = state.Record(new SchedulerEvent
        {
            RunSubmitted = new RunSubmitted
            {
                RunId = submit.RunId,
                Name = submit.Name,
                Owner = stored.User,
                Submitted = stored.UnixSeconds,
            },
        }, effects);
        bool waits = !state.Alive.Any(state.Accepts);
        return Reply(next, asked, effects, true,
            $"run {submit.Name} is submitted" + (waits ? "; it waits for a node" : ""));
    }

    private static SchedulerState Submit(SchedulerState state, Asked asked, Effects effects)
    {
        if (Known(state, asked) is { } known)
            return Reply(state, asked, effects, known.Accepted, known.Text);
        effects.Add(new StoreSubmission(asked.Asker, asked.User, asked.Request, asked.UnixSeconds));
        return state;
    }

    private static (bool Accepted, string Text)? Known(SchedulerState state, Asked asked)
    {
        var submit = asked.Request.Submit;
        if (!state.Runs.TryGetValue(new Guid(submit.RunId.Span, bigEndian: true), out var run))
            return null;
        return run.Owner == asked.User
            ? (true, $"run {run.Name} is submitted already")
            : (false, "there is a run of that identifier, of another user: submit it under another one");
    }

    private static SchedulerState List(SchedulerState state, Asked asked, Effects effects)
    {
        var reply = new ClusterReply { Request = asked.Request.Request, Accepted = true };
        reply.Runs.AddRange(Overviews.Runs(state));
        reply.Nodes.AddRange(Overviews.Nodes(state));
        effects.Add(new Send(asked.Asker, reply));
        return state;
    }

    private static SchedulerState Drain(SchedulerState state, Asked asked, Effects effects)
    {
        string name = asked.Request.Key;
        bool drain = asked.Request.Command == Command.Drain;
        if (state.Rights.Problem(asked.User, asked.Request.Command) is { } problem)
            return Reply(state, asked, effects, false, problem);
        if (!state.Nodes.ContainsKey(name) && !state.Drained.Contains(name))
        {
            return Reply(state, asked, effects, false, $"there is no node {name}"
                + NameSearch.Near(name, state.Alive.Select(node => node.Name).Concat(state.Drained)));
        }
        if (state.Drained.Contains(name) == drain)
        {
            return Reply(state, asked, effects, true,
                drain ? $"node {name} is drained already" : $"node {name} was not drained");
        }
        var drained = new NodeDrained { Node = name, Drained = drain };
        var next = state.Record(new SchedulerEvent { NodeDrained = drained }, effects);
        return Reply(next, asked, effects, true,
            drain ? $"the actors of node {name} leave it" : $"node {name} takes actors again");
    }

    private static SchedulerState OfRun(SchedulerState state, Asked asked, Effects effects)
    {
        var request = asked.Request;
        var (run, unclear) = NameSearch.Find([.. state.Runs.Values], request.Run);
        if (run is null)
            return Reply(state, asked, effects, false, unclear);
        if (state.Rights.Problem(asked.User, request.Command, run.Name, run.Owner) is { } problem)
            return Reply(state, asked, effects, false, problem);
        switch (request.Command)
        {
            case Command.Scale:
                return Scale(state, asked, run, effects);
            case Command.Forget:
                return Forget(state, asked, run, effects);
            case Command.Fetch:
                effects.Add(new FetchFile(asked.Asker, run.Run, request));
                return state;
        }
        if (run.IsOver)
            return OfEnded(state, asked, run, effects);
        if (state.NodeOf(run.Home) is { } node && node.Hosted.Contains(run.Home))
        {
            effects.Add(new AskHome(node.Name, asked.Asker, run.Run, request));
            return state;
        }
        return OfHomeless(state, asked, run, effects);
    }

    private static SchedulerState OfEnded(SchedulerState state, Asked asked, RunRecord run, Effects effects)
    {
        string ended = $"run {run.Name} is {run.EndState}"
            + (run.Concluded!.Text.Length > 0 ? $": {run.Concluded.Text}" : "");
        switch (asked.Request.Command)
        {
            case Command.Status or Command.Log:
                return Status(state, asked, run, effects);
            case Command.Resume when state.Deleting.ContainsKey(run.Run):
                return Reply(state, asked, effects, false, $"run {run.Name} is being deleted");
            case Command.Resume when run.Concluded.Outcome != Outcome.Complete:
                return Reply(state.Move(run.Run, null, effects), asked, effects, true,
                    $"run {run.Name} goes on");
            default:
                return Reply(state, asked, effects, false, ended);
        }
    }

    private static SchedulerState OfHomeless(
        SchedulerState state, Asked asked, RunRecord run, Effects effects)
    {
        switch (asked.Request.Command)
        {
            case Command.Status or Command.Log:
                return Status(state, asked, run, effects);
            // Right after a change of schedulers a home may live of which nobody has told yet.
            case Command.Cancel when !state.IsListening:
                var cancelled = new RunConcluded { Outcome = Outcome.Cancelled, Text = "by the user" };
                return Reply(state.Move(run.Run, cancelled, effects), asked, effects, true,
                    $"run {run.Name} is cancelled");
            default:
                var (runState, text) = Overviews.StateOf(state, run);
                return Reply(state, asked, effects, false,
                    $"run {run.Name} has no home at present ({runState} {text}): {AskAgain}");
        }
    }

    private static SchedulerState Status(SchedulerState state, Asked asked, RunRecord run, Effects effects)
    {
        var overview = Overviews.Of(state, run);
        var reply = new ClusterReply
        {
            Request = asked.Request.Request,
            Accepted = true,
            Text = $"{overview.State} {overview.Text}".TrimEnd(),
            Runs = { overview },
        };
        reply.Entries.Add(new ControlReply.Types.Entry { Key = "state", Value = overview.State });
        if (overview.Text.Length > 0)
            reply.Entries.Add(new ControlReply.Types.Entry { Key = "text", Value = overview.Text });
        effects.Add(new Send(asked.Asker, reply));
        return state;
    }

    private static SchedulerState Scale(SchedulerState state, Asked asked, RunRecord run, Effects effects)
    {
        string value = asked.Request.Value;
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int nodes))
        {
            return Reply(state, asked, effects, false,
                $"'{value}' is no number of nodes: give 1 or more, or 0 for all");
        }
        var scaled = new RunScaled { RunId = Envelope.RunIdBytes(run.Run), Nodes = nodes };
        var next = run.Scale == nodes
            ? state : state.Record(new SchedulerEvent { RunScaled = scaled }, effects);
        string most = nodes == 0 ? "all nodes" : FormattableString.Invariant($"at most {nodes} nodes");
        return Reply(next, asked, effects, true, $"the groups of run {run.Name} use {most}");
    }

    private static SchedulerState Forget(SchedulerState state, Asked asked, RunRecord run, Effects effects)
    {
        if (!run.IsOver)
            return Reply(state, asked, effects, false, $"run {run.Name} is not over: cancel it first");
        bool lives = state.IsListening
            || state.Alive.Any(node => node.Places.Keys.Any(actor => actor.Run == run.Run));
        if (lives)
            return Reply(state, asked, effects, false, $"actors of run {run.Name} still end: {AskAgain}");
        if (!state.Deleting.TryGetValue(run.Run, out var askers))
        {
            askers = [];
            effects.Add(new ForgetRun(run.Run));
        }
        // Who is not answered asks again.
        askers = askers.RemoveAll(asker => asker.Asker == asked.Asker).Add(asked);
        return state with { Deleting = state.Deleting.SetItem(run.Run, askers) };
    }

    /// <summary>Nothing is stored of the run: from now on there is none. A scheduler that dies before has a
    /// run that is over, to be forgotten again.</summary>
    public static SchedulerState Deleted(SchedulerState state, RunDeleted deleted, Effects effects)
    {
        var next = state with { Deleting = state.Deleting.Remove(deleted.Run) };
        if (!state.Runs.TryGetValue(deleted.Run, out var run))
            return next;
        bool isDone = deleted.Problem.Length == 0;
        // A former life of the scheduler may have asked for it.
        if (isDone && run.IsOver)
        {
            var forgotten = new RunForgotten { RunId = Envelope.RunIdBytes(run.Run) };
            next = next.Record(new SchedulerEvent { RunForgotten = forgotten }, effects);
        }
        string text = isDone ? $"run {run.Name} and all that was stored of it is deleted"
            : $"run {run.Name} is not deleted: {deleted.Problem}";
        return state.Deleting.GetValueOrDefault(deleted.Run, [])
            .Aggregate(next, (known, asked) => Reply(known, asked, effects, isDone, text));
    }

    private static SchedulerState Reply(
        SchedulerState state, Asked asked, Effects effects, bool accepted, string text)
    {
        effects.Add(new Send(asked.Asker, new ClusterReply
        {
            Request = asked.Request.Request,
            Accepted = accepted,
            Text = text,
        }));
        return state;
    }
}
