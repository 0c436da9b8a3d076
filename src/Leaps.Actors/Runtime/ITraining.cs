using Leaps.Actors.Protocol;
using Leaps.Model;

namespace Leaps.Actors.Runtime;

/// <summary>A training on actors, wherever they live.</summary>
public interface ITraining : IDisposable
{
    /// <summary>Updates done, where the journal left off or since.</summary>
    int Updates { get; }

    double BestRelativeEss { get; }

    int BestUpdate { get; }

    /// <summary>Trains to the end; afterwards the model holds the best parameters.</summary>
    /// <returns>why it ended before all was done; empty where all is</returns>
    /// <exception cref="LeapsException">The training can't go on.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, and saved if there was time.</exception>
    string Run(CancellationToken cancellation = default);

    /// <summary>A command of the user to the trainer.</summary>
    Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default);
}
