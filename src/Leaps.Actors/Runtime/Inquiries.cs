using System.Collections.Concurrent;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime;

/// <summary>Commands of the user that an actor has not answered yet.</summary>
internal sealed class Inquiries
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ControlReply>> _open = new();
    private long _requests;

    /// <param name="request">the command</param>
    /// <param name="tell">puts it into the mailbox of the actor that answers</param>
    /// <param name="cancellation">of the wait for the answer</param>
    public Task<ControlReply> Ask(ControlRequest request, Action<object> tell, CancellationToken cancellation)
    {
        string asker = FormattableString.Invariant($"control-{Interlocked.Increment(ref _requests)}");
        var open = _open[asker] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        tell(new ControlAsked(asker, request));
        return open.Task.WaitAsync(cancellation);
    }

    public void Answer(string asker, ControlReply reply)
    {
        if (_open.TryRemove(asker, out var open))
            open.TrySetResult(reply);
    }
}
