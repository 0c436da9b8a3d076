using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// Runs a <see cref="SimdNetwork"/> for one thread: cuts a batch into blocks of columns and takes each block
/// through all layers. What is kept of a block for the backward pass is its table of inputs and its P^l.
/// </summary>
internal sealed unsafe partial class SimdEvaluator<TLanes, TVector, TInput> : RateEvaluator
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TInput : struct, IInput
{
    private const int Block = SimdNetwork.BlockColumns;

    private readonly SimdNetwork _network;
    private readonly LocallyEquivariantConv _net;
    private readonly ColumnGatherer _gatherer;
    private readonly TimeBias _timeBias;
    private readonly int _sites, _padded;
    private readonly int _activations;                      // floats of P^0 … P^n of one block
    private readonly AlignedBuffer<float> _x;               // inputs of window 0, (positions, in, block)
    private readonly AlignedBuffer<float> _h;               // (padded channels, block)
    private readonly AlignedBuffer<float> _z;               // (max of padded channels and outputs, block)
    private readonly AlignedBuffer<float> _zeros;
    private AlignedBuffer<byte> _table;                     // (blocks, rows of the gatherer, row bytes)
    private AlignedBuffer<float> _p;                        // (blocks, layers + 1, padded channels, block)

    public SimdEvaluator(SimdNetwork network) : base(network.Architecture)
    {
        _network = network;
        _net = network.Architecture;
        _gatherer = new ColumnGatherer(_net);
        _timeBias = new TimeBias(network);
        _sites = _net.Lattice.Sites;
        _padded = network.PaddedChannels;
        _activations = (_net.Layers + 1) * _padded * Block;
        _x = new AlignedBuffer<float>((long)network.First.BackwardRows * Block);
        _h = new AlignedBuffer<float>(_padded * Block);
        _z = new AlignedBuffer<float>(Math.Max(_padded, network.PaddedOutputs) * Block);
        _zeros = new AlignedBuffer<float>(
            Math.Max(_padded, Math.Max(network.PaddedOutputs, network.First.BackwardRows)));
        _table = new AlignedBuffer<byte>(_gatherer.TableBytes);
        _p = new AlignedBuffer<float>(_activations);
    }

    public override void Evaluate(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output)
    {
        CheckSizes(states, walkers, output);
        _walkers = Forgotten;
        _timeBias.Prepare(time);
        int columns = walkers * _sites;
        for (int first = 0; first < columns; first += Block)
        {
            Gather(states, first, Math.Min(Block, columns - first), _table.Pointer);
            ForwardBlock(_table.Pointer, _p.Pointer, time);
            WriteOutput(states, first, Math.Min(Block, columns - first), time, output);
        }
        GC.KeepAlive(this);
    }

    private void CheckSizes(ReadOnlySpan<byte> states, int walkers, Span<float> output)
    {
        if (states.Length != walkers * _sites || output.Length != walkers * _net.Outputs)
            throw new ArgumentException(
                $"States of {states.Length} and outputs of {output.Length} entries don't fit "
                + $"{walkers} walkers.");
    }

    // The block's table from column `first` = walker · sites + site on; unused columns hold some valid value.
    private void Gather(ReadOnlySpan<byte> states, int first, int count, byte* table)
    {
        int latticeColumns = _net.Lattice.Columns, present = -1;
        if (count < Block)
            new Span<byte>(table, _gatherer.TableBytes).Clear();
        for (int n = 0; n < count;)
        {
            int walker = (first + n) / _sites, site = (first + n) % _sites;
            int length = Math.Min(latticeColumns - site % latticeColumns, count - n);
            if (walker != present)
            {
                _gatherer.SetState(states.Slice(walker * _sites, _sites));
                present = walker;
            }
            _gatherer.Fill(table, n, site, length);
            n += length;
        }
    }

    // P^0 … P^n of a block into p, the undivided outputs D into _z.
    private void ForwardBlock(byte* table, float* p, double time)
    {
        float* tables = _network.Tables.Pointer;
        int stride = _network.TableStride;
        Kernels<TLanes, TVector>.Embed<TInput>(table, _net.Windows[0].Positions, tables, _x.Pointer,
            _net.InputChannels, stride);
        var first = _network.First;
        Kernels<TLanes, TVector>.Contract(first.Forward(), _x.Pointer, _zeros.Pointer, p, _padded,
            first.Inner);
        Kernels<TLanes, TVector>.Scale(p, (float)(1 + time), _padded * Block);
        for (int l = 0; l < _net.Layers; l++)
        {
            var layer = _network.Layers[l];
            int[] rows = _gatherer.Rows[l + 1];
            float* next = p + _padded * Block;
            new Span<float>(next, _padded * Block).Clear();
            Kernels<TLanes, TVector>.Silu(p, _h.Pointer, _padded);
            float* bias = _timeBias.Layer(l);
            for (int j = 0; j < rows.Length; j++)
            {
                if (j == layer.Window.Centre) continue;
                Kernels<TLanes, TVector>.Contract(layer.Weights.Forward(j), _h.Pointer,
                    layer.FirstBias.Pointer + j * _padded, _z.Pointer, _padded, layer.Weights.Inner);
                Kernels<TLanes, TVector>.Accumulate<TInput>(_z.Pointer, bias + j * _padded,
                    table + rows[j] * ColumnGatherer.RowBytes, tables, next, _padded, stride);
            }
            p = next;
        }
        var output = _network.Output;
        Kernels<TLanes, TVector>.Contract(output.Forward(), p, _zeros.Pointer, _z.Pointer, output.Rows,
            output.Inner);
    }

    // Ising: G = (1+t) s D; Potts: G_v = D_v - D_x.
    private void WriteOutput(ReadOnlySpan<byte> states, int first, int count, double time, Span<float> output)
    {
        float* d = _z.Pointer;
        float scale = (float)(1 + time);
        if (!_net.IsPotts)
        {
            for (int n = 0; n < count; n++)
                output[first + n] = states[first + n] == 1 ? scale * d[n] : -scale * d[n];
            return;
        }
        for (int n = 0; n < count; n++)
        {
            int walker = (first + n) / _sites, site = (first + n) % _sites;
            float own = d[states[first + n] * Block + n];
            int at = walker * _net.Outputs + site;
            for (int v = 0; v < _net.PottsStates; v++)
                output[at + v * _sites] = d[v * Block + n] - own;
        }
    }
}
