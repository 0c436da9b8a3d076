using Leaps.Actors.Control;
using Leaps.Actors.Protocol;
using Leaps.Host.Configuration;

namespace Leaps.Host.Execution;

/// <summary>A request to the part of a run that is at work.</summary>
internal delegate Task<ControlReply> ControlHandler(ControlRequest request, CancellationToken cancellation);

/// <summary>
/// Hands every request of the user to the part of the run that is at work, the training or the sampling;
/// between them it answers itself.
/// </summary>
internal sealed class RunControl : IDisposable
{
    // A request that is still open when the run ends must not hold it up.
    private static readonly ControlLimits Limits = new() { Closing = TimeSpan.FromMilliseconds(200) };

    private ControlServer? _server;
    private volatile ControlHandler _handler = Idle;

    /// <summary>One that `leaps ctl` reaches in the run directory.</summary>
    public static RunControl Listen(RunDirectory directory, Guid run, Action<string> notice)
    {
        var control = new RunControl();
        control._server = ControlServer.Start(directory.Path, run, Ask, notice, Limits);
        return control;

        Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation)
        {
            // What the user paused, set or cancelled is to be there when he resumes it, even where nothing
            // was settled yet.
            if (request.Command != ControlRequest.Types.Command.Status && control._handler != Idle)
                directory.Keep();
            return control.Ask(request, cancellation);
        }
    }

    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation) =>
        _handler(request, cancellation);

    /// <summary>From now on this part answers; null: none is at work.</summary>
    public void Use(ControlHandler? handler) => _handler = handler ?? Idle;

    public void Dispose() => _server?.DisposeAsync().AsTask().Wait();

    /// <summary>A reply with a name and a value for the user.</summary>
    public static ControlReply Status(params ReadOnlySpan<(string Key, string Value)> entries)
    {
        var reply = new ControlReply { Accepted = true };
        foreach (var (key, value) in entries)
            reply.Entries.Add(new ControlReply.Types.Entry { Key = key, Value = value });
        return reply;
    }

    public static ControlReply Refusal(string reason) => new() { Accepted = false, Text = reason };

    private static Task<ControlReply> Idle(ControlRequest request, CancellationToken cancellation) =>
        Task.FromResult(request.Command == ControlRequest.Types.Command.Status
            ? Status(("state", "preparing, or writing results"))
            : Refusal("the run is preparing, or writing its results: ask again in a moment"));
}
