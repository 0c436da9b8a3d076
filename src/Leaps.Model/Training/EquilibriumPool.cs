using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.Training;

/// <summary>
/// Training pairs from walkers kept near ρ_t: [0, 1] is cut into as many strata as a batch has times; in each
/// update every stratum gives one time, drawn inside it, and a cell of walkers swept a few times by the heat
/// bath at that time. Cells are used in turn, so that a walker rests between uses and stays near its stratum.
/// </summary>
public sealed class EquilibriumPool : ITrainingSource
{
    private const int WarmUpSweeps = 30;

    private readonly Target _target;
    private readonly ulong _seed;
    private readonly int _strata, _rounds, _sweeps, _cell;
    private readonly ParallelOptions _parallel;
    private readonly byte[] _states;            // (rounds, pairs, sites)
    private readonly McmcKernel[] _kernels;     // (strata)

    public EquilibriumPool(Target target, TrainingOptions options)
    {
        _target = target;
        _seed = options.Seed;
        _strata = Math.Min(options.PoolTimes, options.Batch);
        _cell = (options.Batch + _strata - 1) / _strata;
        _rounds = Math.Max(1, options.PoolWalkers / options.Batch);
        _sweeps = options.PoolSweeps;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads > 0 ? options.Threads : Environment.ProcessorCount };
        _kernels = [.. Enumerable.Range(0, _strata).Select(_ => new HeatBathSweep(target))];
        _states = new byte[checked(_rounds * options.Batch * target.Sites)];
        WarmUp(options.Batch);
    }

    public void Fill(int update, TrainingBatch batch)
    {
        int sites = _target.Sites, start = update % _rounds * batch.Count * sites;
        Parallel.For(0, _strata, _parallel, stratum =>
        {
            int from = Math.Min(stratum * _cell, batch.Count), to = Math.Min(from + _cell, batch.Count);
            var clock = new RandomStream(_seed, RandomPurpose.TrainingBatch, stratum, update);
            double time = (stratum + clock.NextDouble()) / _strata;
            var kernel = _kernels[stratum];
            kernel.Prepare(time);
            for (int pair = from; pair < to; pair++)
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

    // Uniform states, then sweeps along the path up to each walker's stratum.
    private void WarmUp(int batch)
    {
        int sites = _target.Sites;
        Parallel.For(0, _strata, _parallel, stratum =>
        {
            var kernel = _kernels[stratum];
            for (int pair = stratum * _cell; pair < Math.Min((stratum + 1) * _cell, batch); pair++)
            {
                for (int walker = pair; walker < _rounds * batch; walker += batch)
                {
                    var state = _states.AsSpan(walker * sites, sites);
                    var stream = new RandomStream(_seed, RandomPurpose.TrainingPool, walker, step: 0);
                    foreach (ref byte value in state)
                        value = (byte)stream.NextInt(_target.States);
                    for (int sweep = 1; sweep <= WarmUpSweeps; sweep++)
                    {
                        kernel.Prepare((double)sweep / WarmUpSweeps * stratum / _strata);
                        kernel.Sweep(state, ref stream);
                    }
                }
            }
        });
    }
}
