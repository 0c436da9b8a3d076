using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// Training pairs from walkers kept near ρ_t: [0, 1] is cut into as many strata as a batch has times; in each
/// update every stratum gives one time, drawn inside it, and a cell of walkers swept a few times by the heat
/// bath at that time. Cells are used in turn, so that a walker rests between uses and stays near its stratum.
/// The first batch begins with a warm-up, unless walkers were restored.
/// </summary>
public sealed class EquilibriumPool : ITrainingSource
{
    private const int WarmUpSweeps = 30;
    private const string What = "The state of the pool", Format = "leaps-pool/1";

    private readonly Target _target;
    private readonly ulong _seed;
    private readonly int _strata, _rounds, _sweeps, _batch;
    private readonly ParallelOptions _parallel;
    private readonly byte[] _states;            // (rounds, pairs, sites)
    private readonly McmcKernel[] _kernels;     // (strata)
    private bool _warm;

    /// <exception cref="LeapsException">The walkers are too many for one array of states.</exception>
    public EquilibriumPool(Target target, TrainingOptions options)
    {
        _target = target;
        _seed = options.Seed;
        _strata = Math.Min(options.PoolTimes, options.Batch);
        _batch = options.Batch;
        _rounds = Math.Max(1, options.PoolWalkers / options.Batch);
        Walkers.RequireRoom((long)_rounds * options.Batch, target.Sites, "pool walkers");
        _sweeps = options.PoolSweeps;
        _parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
        };
        _kernels = [.. Enumerable.Range(0, _strata).Select(_ => new HeatBathSweep(target))];
        _states = new byte[_rounds * options.Batch * target.Sites];
    }

    private int Count => _rounds * _batch;

    // Pairs First(s) … First(s + 1) - 1 of a batch belong to stratum s; none is empty.
    private int First(int stratum) => (int)((long)stratum * _batch / _strata);

    public void Fill(int update, TrainingBatch batch, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!_warm) WarmUp(cancellation);
        int sites = _target.Sites, start = update % _rounds * batch.Count * sites;
        Parallel.For(0, _strata, _parallel, stratum =>
        {
            var clock = new RandomStream(_seed, RandomPurpose.TrainingBatch, stratum, update);
            double time = (stratum + clock.NextDouble()) / _strata;
            var kernel = _kernels[stratum];
            kernel.Prepare(time);
            for (int pair = First(stratum); pair < First(stratum + 1); pair++)
            {
                var state = _states.AsSpan(start + pair * sites, sites);
                var stream = new RandomStream(_seed, RandomPurpose.TrainingPool, pair, update + 1L);
                for (int sweep = 0; sweep < _sweeps; sweep++)
                    kernel.Sweep(state, ref stream);
                state.CopyTo(batch.States.AsSpan(pair * sites, sites));
                batch.Times[pair] = time;
            }
        });
    }

    /// <summary>Its walkers; no bytes before the warm-up.</summary>
    public byte[] Save()
    {
        if (!_warm) return [];
        var packed = PackedStates.Pack(_states, Count, _target.Sites, _target.States);
        int stride = packed.Bytes.Length / Count;
        return StateBytes.Write(What, Format,
            [NamedTensor.Create<byte>("states", [_rounds, _batch, stride], packed.Bytes)],
            ("rounds", MetadataValues.Format(_rounds)), ("batch", MetadataValues.Format(_batch)),
            ("sites", MetadataValues.Format(_target.Sites)),
            ("values", MetadataValues.Format(_target.States)));
    }

    public void Restore(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty)
        {
            _warm = false;
            return;
        }
        var packed = StateBytes.Read(What, Format, state, (file, values) =>
        {
            int rounds = values.Integer("rounds"), batch = values.Integer("batch");
            int sites = values.Integer("sites"), q = values.Integer("values");
            if ((rounds, batch, sites, q) != (_rounds, _batch, _target.Sites, _target.States))
                throw new LeapsException(
                    $"{What} is {rounds} batches of {batch} walkers, {sites} sites with {q} values; the "
                    + $"options and the target make {_rounds} of {_batch}, {_target.Sites} with "
                    + $"{_target.States}: go on with the batch and pool walkers that it was saved with.");
            return PackedStates.FromBytes(file["states"].As<byte>(), Count, sites, q);
        });
        packed.Unpack(_states);
        _warm = true;
    }

    // Uniform states, then sweeps along the path up to each walker's stratum. The tables of a time cost more
    // than a sweep where q is large: a stratum's walkers go through each time together.
    private void WarmUp(CancellationToken cancellation)
    {
        int sites = _target.Sites;
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _parallel.MaxDegreeOfParallelism,
            CancellationToken = cancellation,
        };
        Parallel.For(0, _strata, parallel, stratum =>
        {
            var kernel = _kernels[stratum];
            int first = First(stratum), pairs = First(stratum + 1) - first;
            var streams = new RandomStream[_rounds * pairs];
            for (int sweep = 0; sweep <= WarmUpSweeps; sweep++)
            {
                kernel.Prepare((double)sweep / WarmUpSweeps * stratum / _strata);
                for (int k = 0; k < streams.Length; k++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int walker = k / pairs * _batch + first + k % pairs;
                    var state = _states.AsSpan(walker * sites, sites);
                    if (sweep > 0)
                    {
                        kernel.Sweep(state, ref streams[k]);
                        continue;
                    }
                    streams[k] = new RandomStream(_seed, RandomPurpose.TrainingPool, walker, step: 0);
                    foreach (ref byte value in state)
                        value = (byte)streams[k].NextInt(_target.States);
                }
            }
        });
        _warm = true;
    }
}
