using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;

namespace Leaps.Actors.Cluster;

/// <summary>
/// A training at the home of its run, whose rollouts are made wherever the scheduler has their maker.
/// </summary>
/// <param name="home">trainer and replay buffer; this object's from now on</param>
/// <param name="mailboxes">of the training; this object's from now on</param>
internal sealed class ClusterTraining(TrainingHome home, IMailboxes mailboxes) : ITraining
{
    private static readonly string[] Actors =
        [ActorNames.Trainer, ActorNames.ReplayBuffer, ActorNames.RolloutMaker];

    private bool _complete;

    public int Updates => home.Updates;

    public double BestRelativeEss => home.BestRelativeEss;

    public int BestUpdate => home.BestUpdate;

    public string Run(CancellationToken cancellation = default)
    {
        string cause = home.Run(cancellation);
        _complete = true;
        return cause;
    }

    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        home.Ask(request, cancellation);

    public void Dispose()
    {
        home.Dispose();
        if (_complete)
            Array.ForEach(Actors, mailboxes.Remove);
        mailboxes.DisposeAsync().AsTask().Wait();
    }
}
