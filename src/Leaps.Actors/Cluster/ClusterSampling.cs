using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Model;
using Leaps.Model.Sampling;

namespace Leaps.Actors.Cluster;

/// <summary>
/// A sampling whose coordinator lives in this process, the home of the run, and whose groups live on the
/// nodes of the cluster: it says which it needs, and the scheduler places them.
/// </summary>
internal sealed class ClusterSampling : ISampling
{
    private readonly JournalWriter _writer;
    private readonly IMailboxes _mailboxes;
    private readonly SamplingHome _home;
    private readonly Action<RunNeeds> _tellNeeds;
    private readonly SortedSet<int> _engaged = [];
    private readonly string _part;
    private readonly string _device;
    private bool _complete;

    /// <param name="task">what is sampled; a journal that has begun must have begun with it</param>
    /// <param name="model">the model file of the network; null: none</param>
    /// <param name="part">of the run, such as "sampling-1"</param>
    /// <param name="journal">of that part; stays its owner's</param>
    /// <param name="mailboxes">of that part; the sampling's from now on</param>
    /// <param name="threads">of the whole cluster</param>
    /// <param name="options">how</param>
    /// <param name="tellNeeds">takes what the run needs of the cluster, whenever it changes</param>
    /// <exception cref="LeapsException">The journal belongs to another task, or is damaged.</exception>
    public ClusterSampling(SamplingTask task, byte[]? model, string part, IFencedJournal journal,
        IMailboxes mailboxes, int threads, SamplingHomeOptions options, Action<RunNeeds> tellNeeds)
    {
        _part = part;
        // Without a network the bits are the same everywhere.
        _device = model is null ? "" : task.Device;
        _mailboxes = mailboxes;
        _tellNeeds = tellNeeds;
        // Who had the run before can decide nothing more; then it is read what he decided.
        long life = journal.Claim(ActorNames.Coordinator);
        _writer = new JournalWriter(journal);
        try
        {
            _home = new SamplingHome(task, threads, journal, _writer, mailboxes, life, options)
            {
                Engage = Engage,
                Release = Release,
            };
            PartHost.Store(journal, task, model);
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
    }

    public (EnsembleResult Result, string Cause) Run(CancellationToken cancellation = default) =>
        End(_home.Run(cancellation));

    public Task<ControlReply> Ask(ControlRequest request, CancellationToken cancellation = default) =>
        _home.Ask(request, cancellation);

    /// <summary>The cluster has so many threads from now on.</summary>
    public void ChangeThreads(int threads) => _home.ChangeThreads(threads);

    public void Dispose()
    {
        _home.Dispose();
        if (_complete)
            _mailboxes.Remove(ActorNames.Coordinator);
        _writer.Dispose();
        _mailboxes.DisposeAsync().AsTask().Wait();
    }

    private (EnsembleResult, string) End((EnsembleResult, string) result)
    {
        _complete = true;
        return result;
    }

    // Both on the coordinator's thread.
    private void Engage(int replica)
    {
        foreach (int group in _home.Task.GroupsOf(replica))
            _mailboxes.Prepare(ActorNames.Group(group));
        _engaged.Add(replica);
        TellNeeds();
    }

    private void Release(int replica)
    {
        _engaged.Remove(replica);
        TellNeeds();
        foreach (int group in _home.Task.GroupsOf(replica))
            _mailboxes.Remove(ActorNames.Group(group));
    }

    private void TellNeeds() => _tellNeeds(new RunNeeds
    {
        Device = _device,
        Sampling = _part,
        Groups = _home.Task.Groups,
        Replicas = { _engaged },
    });
}
