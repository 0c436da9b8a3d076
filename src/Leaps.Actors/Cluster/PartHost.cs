using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime;
using Leaps.Actors.Telemetry;
using Leaps.Actors.WalkerGroup;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Storage;

namespace Leaps.Actors.Cluster;

/// <summary>
/// The walker groups of one sampling that live on this node. What they sample, and with which network, the
/// home of the run has stored in the sampling's journal.
/// </summary>
internal sealed class PartHost : IAsyncDisposable
{
    private const string TaskActor = "task";
    private const string ModelActor = "model";

    private readonly IFencedJournal _journal;
    private readonly JournalWriter _writer;
    private readonly IMailboxes _mailboxes;
    private readonly MoverPool _movers;
    private readonly IReadOnlyList<RateNetwork> _networks;
    private readonly GroupHost _groups;

    /// <param name="services">broker and database</param>
    /// <param name="run">the run</param>
    /// <param name="part">its sampling</param>
    /// <param name="devices">of the node: give the network of a model on each of them</param>
    /// <param name="threads">that move walkers</param>
    /// <param name="failed">takes what ends all groups</param>
    /// <param name="ended">takes a group that is gone, and why; null: it was told to leave and has</param>
    /// <param name="telemetry">of the run; null: nobody wants to know</param>
    /// <exception cref="LeapsException">The journal is damaged, or of another kind of device.</exception>
    public PartHost(IClusterServices services, Guid run, string part,
        Func<LeapsModel, IReadOnlyList<RateNetwork>> devices, int threads, Action<Exception> failed,
        Action<int, Exception?> ended, RunTelemetry? telemetry = null)
    {
        _journal = services.Journal(run, part);
        SamplingTask task;
        _networks = [];
        try
        {
            task = LoadTask(_journal);
            _networks = LoadModel(_journal) is { } model ? devices(model) : [];
            if (_networks is [{ } network, ..] && task.Device.Length > 0 && network.DeviceKind != task.Device)
                throw new LeapsException($"the run needs a device of kind {task.Device}, and this node has "
                    + $"{network.DeviceKind}");
        }
        catch
        {
            DisposeNetworks();
            _journal.Dispose();
            throw;
        }
        _writer = new JournalWriter(_journal, telemetry: telemetry);
        _mailboxes = services.Mailboxes(run, part);
        _movers = new MoverPool(task, _networks, threads, failed, telemetry);
        _groups = new GroupHost(task, _journal, _writer, _mailboxes, _movers, _journal.Claim)
        {
            Failed = (group, error) => ended(group, error),
            Telemetry = telemetry,
            Left = group => ended(group, null),
        };
    }

    /// <summary>What the groups need to know, for them to load.</summary>
    /// <param name="journal">of the sampling</param>
    /// <param name="task">what is sampled</param>
    /// <param name="model">a model file; null: no network</param>
    public static void Store(IFencedJournal journal, SamplingTask task, byte[]? model)
    {
        var writes = new List<JournalWrite>
        {
            new JournalSnapshot(TaskActor, 0, task.Specification.ToByteArray()),
        };
        if (model is not null)
            writes.Add(new JournalSnapshot(ModelActor, 0, model));
        foreach (var write in writes)
            journal.Claim(write.Actor);
        journal.Write(writes);
    }

    public void Start(int group) => _groups.Start(group, again: true);

    public void TellToLeave(int group) => _groups.TellToLeave(group);

    public Task Close(int group) => _groups.Close(group);

    public async ValueTask DisposeAsync()
    {
        _movers.Dispose();
        DisposeNetworks();
        await _groups.CloseAll().ConfigureAwait(false);
        await _mailboxes.DisposeAsync().ConfigureAwait(false);
        _writer.Dispose();
        _journal.Dispose();
    }

    private void DisposeNetworks()
    {
        foreach (var network in _networks)
            network.Dispose();
    }

    private static SamplingTask LoadTask(IJournal journal)
    {
        var stored = journal.LoadLatestSnapshot(TaskActor)
            ?? throw new LeapsException("the journal does not say what is sampled: restore it from a copy");
        try
        {
            return SamplingPacking.ToTask(SamplingSpecification.Parser.ParseFrom(stored.Bytes.Span));
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or ProtocolException)
        {
            throw new LeapsException($"the journal's task can't be read: {error.Message}", error);
        }
    }

    private static LeapsModel? LoadModel(IJournal journal)
    {
        if (journal.LoadLatestSnapshot(ModelActor) is not { } stored)
            return null;
        try
        {
            return ModelFile.Read(new MemoryStream(stored.Bytes.ToArray())).Model;
        }
        catch (InvalidDataException error)
        {
            throw new LeapsException($"the journal's model can't be read: {error.Message}", error);
        }
    }
}
