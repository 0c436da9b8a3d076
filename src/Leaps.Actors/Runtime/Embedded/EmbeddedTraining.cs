using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.ReplayBuffer;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Actors.Runtime.Embedded;

/// <summary>
/// A training with its actors in this process: trainer, replay buffer and a maker of rollouts. It begins
/// where the journal ends.
/// </summary>
public sealed class EmbeddedTraining : ITraining
{
    private readonly EmbeddedMailboxes _mailboxes;
    private readonly TrainingHome _home;
    private readonly RolloutHost? _rollouts;

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">trained in place</param>
    /// <param name="networks">its network on each device that shares the gradient, all of one kind</param>
    /// <param name="rolloutNetwork">its network on the device that makes rollouts, for nobody else, and this
    /// object's from now on; null: the options ask for none</param>
    /// <param name="training">how</param>
    /// <param name="journal">stays its owner's</param>
    /// <param name="options">of this process</param>
    /// <exception cref="LeapsException">An option is wrong, or the journal is damaged or of another
    /// training.</exception>
    public EmbeddedTraining(Target target, LeapsModel model, IReadOnlyList<RateNetwork> networks,
        RateNetwork? rolloutNetwork, TrainingOptions training, IJournal journal,
        TrainingHomeOptions options)
    {
        bool usesBuffer = training.Source == TrainingSource.Rollouts;
        if (usesBuffer && rolloutNetwork is null)
            throw new ArgumentException("Rollouts need a network.", nameof(rolloutNetwork));
        _mailboxes = new EmbeddedMailboxes(options.Notice);
        _home = new TrainingHome(target, model, networks, training, journal, _mailboxes, life: 1, options);
        if (usesBuffer)
            _rollouts = new RolloutHost(
                new RolloutPool(target, model.Layout, rolloutNetwork!, training, _home.Fail),
                _mailboxes, life: 1, _home.Fail);
    }

    public int Updates => _home.Updates;

    public double BestRelativeEss => _home.BestRelativeEss;

    public int BestUpdate => _home.BestUpdate;

    public string Run(CancellationToken cancellation = default) => _home.Run(cancellation);

    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _home.Ask(request, cancellation);

    /// <summary>Ends every actor where it is; the journal is in order.</summary>
    public void Dispose()
    {
        _home.Dispose();
        _rollouts?.Dispose();
        _mailboxes.DisposeAsync().AsTask().Wait();
    }
}
