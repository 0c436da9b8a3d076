using Leaps.Model.Devices.Cuda.Driver;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// Forward and backward passes over a batch. One that fits keeps its P^l on the GPU between the two; of a
/// larger one each part is computed forward again before it goes backward.
/// </summary>
internal sealed partial class CudaEvaluator
{
    private readonly TrainingBuffers _training;
    private DeviceBuffer<double>? _gradient;
    private PinnedBuffer<double>? _stagedGradient;
    private PinnedBuffer<float>? _stagedGradientOfOutputs, _stagedScales;
    private PinnedBuffer<int>? _stagedRuns, _stagedStarts;
    private PinnedBuffer<double>? _stagedTimes;
    private byte[] _batchStates = [];               // (walkers, sites) of the last forward pass
    private double[] _batchTimes = [];              // (walkers)
    private int _walkers = Forgotten;               // of the last forward pass
    private int _runs;                              // of the part on the GPU

    public override void Forward(ReadOnlySpan<byte> states, ReadOnlySpan<double> times, Span<float> output)
    {
        int walkers = times.Length;
        CheckSizes(states, walkers, output);
        _device.Use();
        _walkers = Forgotten;
        _time = double.NaN;
        ReserveTraining(walkers);
        if (_batchTimes.Length < walkers)
        {
            _batchTimes = new double[walkers];
            _batchStates = new byte[states.Length];
        }
        times.CopyTo(_batchTimes);
        states.CopyTo(_batchStates);
        for (int first = 0; first < walkers; first += _training.Capacity)
        {
            int count = Math.Min(_training.Capacity, walkers - first);
            ForwardPart(first, count);
            _stream.Download(_stagedResults!, _training.Outputs, (long)count * _outputs);
            _stream.Wait();
            _stagedResults!.Span[..(count * _outputs)].CopyTo(output[(first * _outputs)..]);
        }
        _walkers = walkers;
    }

    public override void Backward(ReadOnlySpan<float> outputGradient, Span<double> gradient)
    {
        if (_walkers < 0)
            throw new InvalidOperationException("The last forward pass is gone: another call came between.");
        if (outputGradient.Length != _walkers * _outputs)
            throw new ArgumentException(
                "The output gradient doesn't have the size of the last forward pass.");
        _device.Use();
        _stream.Clear(_gradient!);
        for (int first = 0; first < _walkers; first += _training.Capacity)
        {
            int count = Math.Min(_training.Capacity, _walkers - first);
            if (_walkers > _training.Capacity)
                ForwardPart(first, count);
            outputGradient.Slice(first * _outputs, count * _outputs).CopyTo(_stagedGradientOfOutputs!.Span);
            _stream.Upload(_training.OutputGradient, _stagedGradientOfOutputs!, (long)count * _outputs);
            _passes.Backward(_training, count, _runs, _gradient);
            _stream.Wait();
        }
        _stream.Download(_stagedGradient!, _gradient!, _gradient!.Length);
        _stream.Wait();
        var sum = _stagedGradient!.Span;
        for (int i = 0; i < sum.Length; i++)
            gradient[i] += sum[i];
    }

    // Walkers first … of the batch, through the network; what the backward pass needs stays.
    private void ForwardPart(int first, int count)
    {
        _batchStates.AsSpan(first * _sites, count * _sites).CopyTo(_stagedStates!.Span);
        _runs = SplitRuns(_batchTimes.AsSpan(first, count));
        _stream.Upload(_training.States, _stagedStates!, (long)count * _sites);
        _stream.Upload(_training.Runs, _stagedRuns!, count);
        _stream.Upload(_training.RunStarts, _stagedStarts!, _runs + 1);
        _stream.Upload(_passes.Times, _stagedTimes!, _runs);
        _stream.Upload(_passes.Scale, _stagedScales!, _runs);
        _passes.EvaluateTimes(_runs);
        _passes.Forward(count, _training.States, _training.Outputs, runs: _training.Runs,
            activations: _training.Activations);
    }

    private int SplitRuns(ReadOnlySpan<double> times)
    {
        Span<int> runs = _stagedRuns!.Span, starts = _stagedStarts!.Span;
        int count = 0;
        for (int m = 0; m < times.Length; m++)
        {
            if (m == 0 || times[m] != times[m - 1])
            {
                _stagedTimes!.Span[count] = times[m];
                _stagedScales!.Span[count] = (float)(1 + times[m]);
                starts[count++] = m;
            }
            runs[m] = count - 1;
        }
        starts[count] = times.Length;
        return count;
    }

    private void ReserveTraining(int walkers)
    {
        if (walkers <= _training.Capacity) return;
        long bytes = _training.BytesOfWalker + _passes.BytesOfTime;
        int fitting = MemoryBudget.Walkers(walkers, _sites,
            _training.FixedBytes + 8L * Architecture.Layout.Count, bytes,
            _device.Memory.Free + _training.HeldBytes, _device.Description);
        if (fitting <= _training.Capacity) return;
        _training.Reserve(fitting);
        DeviceBuffer<double>.Grow(ref _gradient, _device, Architecture.Layout.Count);
        PinnedBuffer<double>.Grow(ref _stagedGradient, _device, Architecture.Layout.Count);
        _passes.ReserveTimes(fitting);
        PinnedBuffer<byte>.Grow(ref _stagedStates, _device, (long)fitting * _sites);
        PinnedBuffer<float>.Grow(ref _stagedResults, _device, (long)fitting * _outputs);
        PinnedBuffer<float>.Grow(ref _stagedGradientOfOutputs, _device, (long)fitting * _outputs);
        PinnedBuffer<int>.Grow(ref _stagedRuns, _device, fitting);
        PinnedBuffer<int>.Grow(ref _stagedStarts, _device, fitting + 1);
        PinnedBuffer<double>.Grow(ref _stagedTimes, _device, fitting);
        PinnedBuffer<float>.Grow(ref _stagedScales, _device, fitting);
    }
}
