using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// The forward and backward passes of a network as launches in one stream, on data that lies on the GPU, with
/// the memory they need. Whoever uses it fills <see cref="Times"/>, <see cref="Scale"/> and the batch.
/// </summary>
/// <remarks>
/// A run is a stretch of neighbouring walkers with equal time: their time networks are evaluated once.
/// </remarks>
internal sealed unsafe class NetworkPasses : IDisposable
{
    private const int WarpsOfBackward = 8, WarpsOfWeights = 4;

    private readonly CudaNetwork _network;
    private readonly LocallyEquivariantConv _net;
    private readonly TapTables _taps;
    private readonly MlpTable _mlps;
    private readonly CudaStream _stream;
    private readonly CudaKernel _forward, _mlpForward;
    private readonly int _slabRows, _slabWidth, _slabBytes;
    private GradientKernels? _gradients;
    private DeviceBuffer<float>? _scale, _tau;
    private DeviceBuffer<double>? _times, _kept;
    private int _reservedTimes;

    public NetworkPasses(CudaNetwork network, CudaStream stream)
    {
        _network = network;
        _net = network.Architecture;
        _taps = network.Taps;
        _mlps = network.TimeNetworks;
        _stream = stream;
        _forward = network.Variant("lec_forward", "forward");
        _mlpForward = network.Kernel("mlp", "mlp_forward");
        var lattice = _net.Lattice;
        int columns = _taps.ColumnsOfBlock;
        _slabRows = Math.Min(lattice.Rows, (columns - 1) / lattice.Columns + 2) + _taps.Up + _taps.Down;
        _slabWidth = lattice.Columns + _taps.Left + _taps.Right;
        _slabBytes = ((columns - 1) / lattice.Sites + 2) * _slabRows * _slabWidth;
    }

    public CudaNetwork Network => _network;
    public CudaStream Stream => _stream;

    /// <summary>(runs)</summary>
    public DeviceBuffer<double> Times => _times!;

    /// <summary>1 + t, (runs)</summary>
    public DeviceBuffer<float> Scale => _scale!;

    public nint Tau => _tau;
    public nint Kept => _kept;

    /// <summary>Bytes that a run takes.</summary>
    public long BytesOfTime =>
        12 + 4L * _taps.LayerTaps + 8L * _net.Layers * _mlps.KeptSize;

    public void ReserveTimes(int runs)
    {
        if (runs <= _reservedTimes) return;
        var device = _network.Device;
        _reservedTimes = 0;
        DeviceBuffer<double>.Grow(ref _times, device, runs);
        DeviceBuffer<float>.Grow(ref _scale, device, runs);
        DeviceBuffer<float>.Grow(ref _tau, device, (long)runs * _taps.LayerTaps);
        DeviceBuffer<double>.Grow(ref _kept, device, (long)runs * _net.Layers * _mlps.KeptSize);
        _reservedTimes = runs;
    }

    /// <summary>τ^l of the times that lie in <see cref="Times"/>.</summary>
    public void EvaluateTimes(int runs) =>
        _mlpForward.Launch(_stream, TimeNetworks(runs), runs, 128, rows: _net.Layers);

    /// <summary>G of walkers.</summary>
    /// <param name="walkers">places; where <paramref name="count"/> is given, the most there can be</param>
    /// <param name="states">(walkers, sites)</param>
    /// <param name="outputs">(walkers, outputs per site, sites)</param>
    /// <param name="places">(places) → walker, or 0</param>
    /// <param name="count">the number of places in GPU memory, or 0</param>
    /// <param name="runs">(places) → run, or 0: all in the first</param>
    /// <param name="activations">P^l, (layers + 1, columns, padded channels), or 0</param>
    public void Forward(int walkers, nint states, nint outputs, nint places = 0, nint count = 0,
        nint runs = 0, nint activations = 0)
    {
        var arguments = new ForwardArguments
        {
            Net = _network.Arguments,
            States = states,
            Places = places,
            Count = count,
            Runs = runs,
            Scale = _scale,
            Tau = _tau,
            Outputs = outputs,
            Activations = activations,
            Walkers = walkers,
            SlabRows = _slabRows,
            SlabWidth = _slabWidth,
            Up = _taps.Up,
            Left = _taps.Left,
        };
        long blocks = CudaNetwork.Blocks((long)walkers * _net.Lattice.Sites, _taps.ColumnsOfBlock);
        _forward.Launch(_stream, arguments, blocks, TapTables.ThreadsOfForward, sharedBytes: _slabBytes);
    }

    /// <summary>Adds the gradient of Σ u·G of walkers whose forward pass was the last one.</summary>
    public void Backward(TrainingBuffers buffers, int walkers, int runs, nint gradient)
    {
        _gradients ??= new GradientKernels(_network);
        int splits = _taps.Splits, threads = 32 * WarpsOfBackward;
        long columns = (long)walkers * _net.Lattice.Sites;
        long level = columns * _taps.PaddedChannels * sizeof(float);
        _gradients.Backward.Launch(_stream, new BackwardArguments
        {
            Net = _network.Arguments,
            States = buffers.States,
            Runs = buffers.Runs,
            Scale = _scale,
            OutputGradient = buffers.OutputGradient,
            Activations = buffers.Activations,
            Hidden = buffers.Hidden,
            Gradients = buffers.Gradients,
            Walkers = walkers,
        }, CudaNetwork.Blocks(columns, WarpsOfBackward * TapTables.TileColumns), threads);
        var sums = Sums(buffers, walkers, gradient);
        for (int l = 0; l < _net.Layers; l++)
        {
            int taps = _taps.FirstTap[l + 1] - _taps.FirstTap[l];
            _gradients.Weights.Launch(_stream, new WeightArguments
            {
                Net = _network.Arguments,
                States = buffers.States,
                Runs = buffers.Runs,
                Tau = _tau,
                Hidden = buffers.Hidden + (nint)(l * level),
                Gradient = buffers.Gradients + (nint)((l + 1) * level),
                Partial = buffers.Partial,
                EmbeddingPartial = buffers.EmbeddingPartial,
                Walkers = walkers,
                Layer = l,
            }, CudaNetwork.Blocks(taps, WarpsOfWeights), 32 * WarpsOfWeights, rows: splits);
            sums.Layer = l;
            long elements = (long)taps * _net.Channels * (_net.Channels + 2);
            _gradients.WeightsSum.Launch(_stream, sums, CudaNetwork.Blocks(elements, 256), 256);
            if (!_net.IsPotts) continue;
            _gradients.EmbeddingSum.Launch(_stream, sums with { Partial = buffers.EmbeddingPartial },
                CudaNetwork.Blocks(_taps.Values * _net.Channels, 64), 64);
        }
        FirstAndLast(sums, splits);
        TimeNetworksBackward(buffers, sums, walkers, runs, gradient);
    }

    public void Dispose()
    {
        foreach (IDisposable? buffer in new IDisposable?[] { _scale, _tau, _times, _kept })
            buffer?.Dispose();
    }

    private SumArguments Sums(TrainingBuffers buffers, int walkers, nint gradient) => new()
    {
        Net = _network.Arguments,
        States = buffers.States,
        Runs = buffers.Runs,
        RunStarts = buffers.RunStarts,
        Scale = _scale,
        OutputGradient = buffers.OutputGradient,
        Activations = buffers.Activations,
        Gradients = buffers.Gradients,
        Parameters = _network.Parameters,
        Offsets = _network.Offsets,
        Partial = buffers.Partial,
        Projected = buffers.Projected,
        TauGradient = buffers.TauGradient,
        Gradient = gradient,
        Walkers = walkers,
        Tiles = _taps.Tiles,
        Splits = _taps.Splits,
        Inputs = _net.InputChannels,
    };

    private void FirstAndLast(SumArguments sums, int splits)
    {
        int padded = _taps.PaddedChannels;
        _gradients!.OmegaPartial.Launch(
            _stream, sums, CudaNetwork.Blocks(_net.OutputsPerSite * padded, 64), 64, rows: splits);
        _gradients.OmegaSum.Launch(
            _stream, sums, CudaNetwork.Blocks(_net.OutputsPerSite * _net.Channels, 64), 64);
        _gradients.FirstPartial.Launch(
            _stream, sums, CudaNetwork.Blocks((long)_taps.FirstTaps * padded, 64), 64,
            rows: splits, sharedBytes: 64 * sizeof(float) * _taps.Values);
        long weights = (long)_net.Channels * _net.InputChannels * _taps.FirstTaps;
        _gradients.FirstSum.Launch(_stream, sums, CudaNetwork.Blocks(weights, 64), 64);
        if (_net.IsPotts)
            _gradients.FirstEmbeddingSum.Launch(
                _stream, sums, CudaNetwork.Blocks(_taps.Values * _net.Channels, 64), 64);
    }

    private void TimeNetworksBackward(
        TrainingBuffers buffers, SumArguments sums, int walkers, int runs, nint gradient)
    {
        long elements = (long)walkers * _net.Lattice.Sites * _net.Layers * _taps.Values;
        _gradients!.Project.Launch(_stream, sums, CudaNetwork.Blocks(elements, 256), 256);
        _gradients.TauPartial.Launch(_stream, sums, walkers, 128);
        _gradients.TauSum.Launch(_stream, sums, runs, 128);
        var mlp = TimeNetworks(runs) with
        {
            Deltas = buffers.Deltas,
            OutputGradient = buffers.TauGradient,
            Gradient = gradient,
        };
        _gradients.MlpDeltas.Launch(_stream, mlp, runs, 128, rows: _net.Layers);
        _gradients.MlpGradient.Launch(
            _stream, mlp, CudaNetwork.Blocks(_mlps.LargestLayer, 128), 128, rows: _net.Layers);
    }

    private MlpArguments TimeNetworks(int runs) => new()
    {
        Networks = _network.TimeNetworkTable,
        Parameters = _network.Parameters,
        Times = _times,
        Kept = _kept,
        Outputs = _tau,
        TimesCount = runs,
        NetworkCount = _net.Layers,
        KeptSize = _mlps.KeptSize,
        OutputStride = _mlps.OutputStride,
    };
}
