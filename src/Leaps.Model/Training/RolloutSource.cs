using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// The reference's source of pairs in one process: <see cref="RolloutSchedule"/>, <see cref="RolloutMaker"/>
/// and <see cref="ReplayBuffer"/> together. With staleness a rollout is made as soon as its parameters are
/// there, and waits until it is due.
/// </summary>
public sealed class RolloutSource : ITrainingSource
{
    private const string What = "The state of the rollouts", Format = "leaps-rollouts/1";

    private readonly Target _target;
    private readonly LeapsModel _model;
    private readonly RateNetwork _network;
    private readonly TrainingOptions _options;
    private readonly RolloutSchedule _schedule;
    private readonly RolloutMaker _maker;
    private readonly Queue<Rollout> _waiting = new();
    private ReplayBuffer _buffer;
    private int _made;

    /// <param name="target">what the network is to sample</param>
    /// <param name="model">its parameters name the version</param>
    /// <param name="network">holds them at every <see cref="Fill"/></param>
    /// <param name="options">how</param>
    /// <exception cref="LeapsException">An option is out of range.</exception>
    public RolloutSource(Target target, LeapsModel model, RateNetwork network, TrainingOptions options)
    {
        _target = target;
        _model = model;
        _network = network;
        _options = options;
        _schedule = new RolloutSchedule(options);
        _maker = new RolloutMaker(target, options);
        _buffer = new ReplayBuffer(options.BufferSize);
    }

    /// <summary>
    /// Those that have been made: in the buffer and, after them, waiting until they are due.
    /// </summary>
    public IEnumerable<Rollout> Rollouts => _buffer.Rollouts.Concat(_waiting);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The updates are not asked for in order.</exception>
    public void Fill(int update, TrainingBatch batch, CancellationToken cancellation = default)
    {
        string? sha256 = null;
        for (var next = _schedule.At(_made); next.ParameterUpdate <= update; next = _schedule.At(_made))
        {
            if (next.ParameterUpdate < update)
                throw new InvalidOperationException(
                    $"Rollout {_made} needs the parameters after {next.ParameterUpdate} updates, not "
                    + $"{update}.");
            sha256 ??= ParameterVersion.Of(update, _model.Parameters).Sha256;
            _waiting.Enqueue(_maker.Make(next, _network, sha256, cancellation));
            _made++;
        }
        while (_waiting.TryPeek(out var rollout) && rollout.Entry.DueUpdate <= update)
            _buffer.Add(_waiting.Dequeue());
        _buffer.Sample(batch, _options.Seed, update);
    }

    public byte[] Save()
    {
        var tensors = Rollouts.Select((rollout, n) =>
        {
            byte[] bytes = rollout.ToBytes();
            return new NamedTensor($"{n:D10}", ElementType.UInt8, [bytes.Length], bytes);
        });
        return StateBytes.Write(What, Format, [.. tensors],
            ("made", MetadataValues.Format(_made)), ("waiting", MetadataValues.Format(_waiting.Count)));
    }

    public void Restore(ReadOnlySpan<byte> state)
    {
        var (made, waiting, rollouts) = StateBytes.Read(What, Format, state, (file, values) => (
            values.Integer("made"), values.Integer("waiting"),
            file.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                .Select(tensor => Rollout.FromBytes(tensor.As<byte>())).ToArray()));
        int added = made - waiting, kept = Math.Min(added, _options.BufferSize);
        if (added < 0 || rollouts.Length != kept + waiting)
            throw OtherOptions($"{rollouts.Length} rollouts of {made} are kept");
        for (int n = 0; n < rollouts.Length; n++)
            CheckFits(rollouts[n], made - rollouts.Length + n);

        _buffer = new ReplayBuffer(_options.BufferSize);
        foreach (var rollout in rollouts.AsSpan(0, kept))
            _buffer.Add(rollout);
        _waiting.Clear();
        foreach (var rollout in rollouts.AsSpan(kept))
            _waiting.Enqueue(rollout);
        _made = made;
    }

    private void CheckFits(Rollout rollout, int index)
    {
        var slice = rollout.Slices[0];
        if (slice.Sites != _target.Sites || slice.States != _target.States)
            throw new LeapsException(
                $"{What} is of {slice.Sites} sites with {slice.States} values, the target has "
                + $"{_target.Sites} with {_target.States}: go on with the target that it was saved with.");
        if (rollout.Entry != _schedule.At(index))
            throw OtherOptions($"rollout {rollout.Entry.Index} was due at update {rollout.Entry.DueUpdate}");
    }

    private static LeapsException OtherOptions(string found) => new(
        $"{What} belongs to other options ({found}): go on with the rollouts' buffer-cycle, buffer-size and "
        + "staleness that it was saved with.");
}
