using Leaps.Actors.Protocol;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Runtime;

/// <summary>A sampling on actors, wherever they live.</summary>
public interface ISampling : IDisposable
{
    /// <summary>Runs to the end.</summary>
    /// <returns>the replicas that are the result, pooled; and why it ended early, else empty</returns>
    /// <exception cref="LeapsException">The run can't go on; the journal stays as it is.</exception>
    /// <exception cref="OperationCanceledException">
    /// Cancelled; what was settled by then is in the journal.
    /// </exception>
    (EnsembleResult Result, string Cause) Run(CancellationToken cancellation = default);

    /// <summary>A command of the user to the coordinator.</summary>
    Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default);
}
