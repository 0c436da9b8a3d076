using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// A network on one GPU, packed for its kernels. Evaluators share it, each with a stream of its own;
/// <see cref="Load"/> replaces its content.
/// </summary>
public sealed unsafe class CudaNetwork : RateNetwork
{
    private const string KindPrefix = "cuda-";

    private readonly CudaPrecision _precision;
    private readonly CudaStream _stream;
    private readonly PinnedBuffer<float> _staged;
    private readonly DeviceBuffer<int> _rowSteps, _columnSteps, _firstTap, _offsets;
    private readonly DeviceBuffer<float> _first, _embedding, _layers, _transposed, _omega;
    private readonly DeviceBuffer<MlpEntry> _mlps;

    /// <param name="architecture">shapes; the values come with <see cref="Load"/></param>
    /// <param name="device">the GPU</param>
    /// <param name="precision">of the products</param>
    /// <exception cref="LeapsException">The GPU failed, or its memory does not hold the network.</exception>
    public CudaNetwork(LocallyEquivariantConv architecture, CudaDevice device,
        CudaPrecision precision = CudaPrecision.Tf32) : base(architecture)
    {
        Device = device;
        _precision = precision;
        Taps = new TapTables(architecture);
        TimeNetworks = MlpTable.OfLayers(architecture, Taps);
        _stream = new CudaStream(device);
        _staged = new PinnedBuffer<float>(device, architecture.Layout.Count);
        _rowSteps = Table(Taps.RowSteps);
        _columnSteps = Table(Taps.ColumnSteps);
        _firstTap = Table(Taps.FirstTap);
        _offsets = Table(Taps.Offsets);
        _mlps = Table(TimeNetworks.Entries);
        int padded = Taps.PaddedChannels;
        Parameters = new DeviceBuffer<float>(device, architecture.Layout.Count);
        _first = new DeviceBuffer<float>(device, (long)Taps.FirstTaps * (Taps.Values + 1) * padded);
        _embedding = new DeviceBuffer<float>(device, (long)(Taps.Values + 1) * padded);
        _layers = new DeviceBuffer<float>(device, (long)Taps.LayerTaps * Taps.TapFloats);
        _transposed = new DeviceBuffer<float>(device, (long)Taps.LayerTaps * Taps.TransposedFloats);
        _omega = new DeviceBuffer<float>(device, (long)architecture.OutputsPerSite * padded);
    }

    /// <summary>Bit-identical on GPUs of one architecture, however many.</summary>
    public override string DeviceKind => KindOf(Device, _precision);

    public CudaDevice Device { get; }

    /// <summary>
    /// Four: while one is packed and unpacked others move, and what the last walkers inside a window leave
    /// idle, others use.
    /// </summary>
    public override int PopulationsAtOnce => 4;

    internal TapTables Taps { get; }
    internal MlpTable TimeNetworks { get; }
    internal nint TimeNetworkTable => _mlps;
    internal DeviceBuffer<float> Parameters { get; }
    internal nint Offsets => _offsets;

    /// <summary>Counts the loads, so that evaluators know when what they derived is stale.</summary>
    internal int Version { get; private set; }

    internal NetworkArguments Arguments => new()
    {
        RowSteps = _rowSteps,
        ColumnSteps = _columnSteps,
        FirstTap = _firstTap,
        First = _first,
        Embedding = _embedding,
        Layers = _layers,
        Transposed = _transposed,
        Omega = _omega,
        Rows = Architecture.Lattice.Rows,
        Columns = Architecture.Lattice.Columns,
        Sites = Architecture.Lattice.Sites,
        Values = Taps.Values,
        Outputs = Architecture.OutputsPerSite,
        FirstTaps = Taps.FirstTaps,
        LayerCount = Architecture.Layers,
        Zeros = Architecture.Padding == FirstPadding.Zeros ? 1 : 0,
        Channels = Architecture.Channels,
    };

    /// <exception cref="LeapsException">The GPU failed.</exception>
    public override void Load(ParameterSet parameters)
    {
        foreach (var tensor in Architecture.Layout.Tensors)
        {
            if (parameters.Layout[tensor.Name].Offset != tensor.Offset)
                throw new ArgumentException($"The tensor {tensor.Name} isn't where the architecture has it.");
        }
        var staged = _staged.Span;
        for (int i = 0; i < staged.Length; i++)
            staged[i] = (float)parameters.Values[i];
        Device.Use();
        _stream.Upload(Parameters, _staged, staged.Length);
        Pack(_stream, Parameters);
        _stream.Wait();
    }

    /// <summary>Takes over parameters that lie on the GPU, in the stream's order.</summary>
    internal void Pack(CudaStream stream, nint parameters)
    {
        var arguments = new PackArguments
        {
            Net = Arguments,
            Parameters = parameters,
            Offsets = _offsets,
            Tiles = Taps.Tiles,
            Inputs = Architecture.InputChannels,
            MaxNorm = Architecture.EmbeddingMaxNorm ? 1 : 0,
        };
        long elements = _layers.Length + _transposed.Length;
        Kernel("pack", "pack_layers").Launch(stream, arguments, Blocks(elements, 256), 256);
        Kernel("pack", "pack_embedding").Launch(
            stream, arguments, Blocks(Taps.Values + 1 + Architecture.OutputsPerSite, 64), 64);
        Kernel("pack", "pack_first").Launch(stream, arguments, Blocks(_first.Length, 256), 256);
        Version++;
    }

    public override RateEvaluator CreateEvaluator() => new CudaEvaluator(this);

    public override IWindowMover CreateMover(Target target, AnnealerOptions options) =>
        new CudaMover(this, target, options);

    public override ITrainingStep CreateTrainingStep(
        Target target, LeapsModel model, int batch, double gradientClip) =>
        new CudaTrainingStep(this, target, model, batch, gradientClip);

    public override void Dispose()
    {
        _staged.Dispose();
        foreach (IDisposable buffer in new IDisposable[]
            { _rowSteps, _columnSteps, _firstTap, _offsets, _mlps, Parameters, _first, _embedding, _layers,
                _transposed, _omega, _stream })
            buffer.Dispose();
        base.Dispose();
    }

    /// <summary>The kind of networks on such a GPU.</summary>
    public static string KindOf(CudaDevice device, CudaPrecision precision = CudaPrecision.Tf32) =>
        $"{KindPrefix}{device.ComputeCapability}-{(precision == CudaPrecision.Tf32 ? "tf32" : "single")}";

    /// <summary>The kind is one of a GPU.</summary>
    public static bool IsKind(string kind) => kind.StartsWith(KindPrefix, StringComparison.Ordinal);

    internal CudaKernel Kernel(string file, string name) => Device.Kernel(file, name);

    /// <summary>A kernel of the convolution, in this network's width, kind and precision.</summary>
    internal CudaKernel Variant(string file, string kernel) =>
        Device.Kernel(file, Taps.Variant(kernel, Architecture.IsPotts, _precision));

    internal static long Blocks(long elements, int threads) => (elements + threads - 1) / threads;

    private DeviceBuffer<T> Table<T>(T[] values) where T : unmanaged
    {
        var table = new DeviceBuffer<T>(Device, values.Length);
        using var staged = new PinnedBuffer<T>(Device, values.Length);
        values.CopyTo(staged.Span);
        _stream.Upload(table, staged, values.Length);
        _stream.Wait();
        return table;
    }
}
