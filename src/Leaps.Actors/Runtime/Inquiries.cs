using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime;

/// <summary>Commands of the user that an actor has not answered yet.</summary>
internal sealed class Inquiries
{
    public const string Over = "this part of the run is over: ask again in a moment";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TaskCompletionSource<ControlReply>> _open = [];
    private long _requests;
    private bool _closed;

    /// <param name="request">the command</param>
    /// <param name="tell">puts it into the mailbox of the actor that answers</param>
    /// <param name="cancellation">of the wait for the answer</param>
    public Task<ControlReply> Ask(ControlRequest request, Action<object> tell, CancellationToken cancellation)
    {
        string asker;
        var open = new TaskCompletionSource<ControlReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_closed)
                return Task.FromResult(Refusal());
            asker = FormattableString.Invariant($"control-{++_requests}");
            _open.Add(asker, open);
        }
        tell(new ControlAsked(asker, request));
        return open.Task.WaitAsync(cancellation);
    }

    public void Answer(string asker, ControlReply reply)
    {
        lock (_gate)
        {
            if (_open.Remove(asker, out var open))
                open.TrySetResult(reply);
        }
    }

    /// <summary>The actor takes no further message: what is open is refused, and so is all that
    /// follows.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var open in _open.Values)
                open.TrySetResult(Refusal());
            _open.Clear();
        }
    }

    private static ControlReply Refusal() => new() { Accepted = false, Text = Over };
}
