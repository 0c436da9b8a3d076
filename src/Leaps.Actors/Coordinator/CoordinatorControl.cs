using Leaps.Actors.Protocol;
using Command = Leaps.Actors.Protocol.ControlRequest.Types.Command;
using Effects = System.Collections.Immutable.ImmutableArray<Leaps.Actors.Effect>.Builder;

namespace Leaps.Actors.Coordinator;

/// <summary>Commands of the user. Each is answered; what it changes is in the journal first.</summary>
internal static class CoordinatorControl
{
    public static CoordinatorState Answer(CoordinatorState state, ControlAsked asked, Effects effects)
    {
        var request = asked.Request;
        var reply = new ControlReply { Request = request.Request, Accepted = true };
        var next = state;
        switch (request.Command)
        {
            case Command.Status:
                reply.Entries.AddRange(state.Status().Select(
                    entry => new ControlReply.Types.Entry { Key = entry.Key, Value = entry.Value }));
                break;
            case Command.Pause when state.End is null:
                reply.Text = state.Paused
                    ? "the run pauses already" : "the run pauses after its present windows";
                next = Change(state, CoordinatorSettings.Paused, bool.TrueString, effects);
                break;
            case Command.Resume when state.End is null:
                reply.Text = state.Paused ? "the run goes on" : "the run was not paused";
                next = Change(state, CoordinatorSettings.Paused, bool.FalseString, effects);
                break;
            case Command.Checkpoint when state.End is null:
                reply.Text = "every group stores its walkers";
                next = state.Store(effects);
                break;
            case Command.Cancel when state.End is null:
                reply.Text = "the run is cancelled";
                next = state.EndAt(state.CompleteReplicas, "cancelled by the user", effects);
                break;
            case Command.Set when state.End is null:
                next = Set(state, request, reply, effects);
                break;
            default:
                reply.Accepted = false;
                reply.Text = "the run has ended: extend it with leaps resume";
                break;
        }
        effects.Add(new Send(asked.Asker, reply));
        return next;
    }

    private static CoordinatorState Set(
        CoordinatorState state, ControlRequest request, ControlReply reply, Effects effects)
    {
        if (CoordinatorSettings.Problem(request.Key, request.Value) is { } problem)
        {
            reply.Accepted = false;
            reply.Text = problem;
            return state;
        }
        reply.Text = $"{request.Key} is {request.Value} from the next window on";
        return Change(state, request.Key, request.Value, effects);
    }

    private static CoordinatorState Change(
        CoordinatorState state, string key, string value, Effects effects)
    {
        var changed = new SettingChanged { Key = key, Value = value };
        return state.Record(new CoordinatorEvent { SettingChanged = changed }, effects)
            .TellAll(effects).Conclude(effects);
    }
}
