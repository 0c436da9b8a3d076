using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Devices.Cuda;

/// <summary>A part of a training batch on its way to the GPU, and its residuals on the way back.</summary>
internal sealed class StagedBatch : IDisposable
{
    private readonly Target _target;
    private readonly PinnedBuffer<byte> _states;
    private readonly PinnedBuffer<int> _runs, _runStarts;
    private readonly PinnedBuffer<double> _times, _stagedResiduals;
    private readonly PinnedBuffer<float> _scale;
    private readonly PinnedBuffer<EffectiveCouplings> _stagedCouplings;
    private readonly DeviceBuffer<EffectiveCouplings> _couplings;
    private readonly DeviceBuffer<double> _residuals, _slopeGradient;

    public StagedBatch(CudaDevice device, Target target, int pairs)
    {
        _target = target;
        _states = new PinnedBuffer<byte>(device, (long)pairs * target.Sites);
        _runs = new PinnedBuffer<int>(device, pairs);
        _runStarts = new PinnedBuffer<int>(device, pairs + 1);
        _times = new PinnedBuffer<double>(device, pairs);
        _scale = new PinnedBuffer<float>(device, pairs);
        _stagedResiduals = new PinnedBuffer<double>(device, pairs);
        _stagedCouplings = new PinnedBuffer<EffectiveCouplings>(device, pairs);
        _couplings = new DeviceBuffer<EffectiveCouplings>(device, pairs);
        _residuals = new DeviceBuffer<double>(device, pairs);
        _slopeGradient = new DeviceBuffer<double>(device, pairs);
    }

    /// <summary>(times)</summary>
    public nint Couplings => _couplings;

    /// <summary>(pairs)</summary>
    public nint Residuals => _residuals;

    /// <summary>(pairs): scale · residual</summary>
    public nint SlopeGradient => _slopeGradient;

    /// <summary>
    /// Sends pairs first … first + count - 1; returns how many runs of equal times they are.
    /// </summary>
    public int Upload(CudaStream stream, NetworkPasses passes, TrainingBuffers buffers, TrainingBatch batch,
        int first, int count)
    {
        int runs = 0, sites = _target.Sites;
        batch.States.AsSpan(first * sites, count * sites).CopyTo(_states.Span);
        for (int m = 0; m < count; m++)
        {
            double time = batch.Times[first + m];
            if (m == 0 || time != batch.Times[first + m - 1])
            {
                _times.Span[runs] = time;
                _scale.Span[runs] = (float)(1 + time);
                _stagedCouplings.Span[runs] = _target.Schedule.At(time);
                _runStarts.Span[runs++] = m;
            }
            _runs.Span[m] = runs - 1;
        }
        _runStarts.Span[runs] = count;
        stream.Upload(buffers.States, _states, (long)count * sites);
        stream.Upload(buffers.Runs, _runs, count);
        stream.Upload(buffers.RunStarts, _runStarts, runs + 1);
        stream.Upload(passes.Times, _times, runs);
        stream.Upload(passes.Scale, _scale, runs);
        stream.Upload(_couplings, _stagedCouplings, runs);
        return runs;
    }

    /// <summary>Waits for them.</summary>
    public ReadOnlySpan<double> DownloadResiduals(CudaStream stream, int count)
    {
        stream.Download(_stagedResiduals, _residuals, count);
        stream.Wait();
        return _stagedResiduals.Span[..count];
    }

    public void Dispose()
    {
        foreach (IDisposable buffer in new IDisposable[]
            { _states, _runs, _runStarts, _times, _scale, _stagedResiduals, _stagedCouplings, _couplings,
                _residuals, _slopeGradient })
            buffer.Dispose();
    }
}
