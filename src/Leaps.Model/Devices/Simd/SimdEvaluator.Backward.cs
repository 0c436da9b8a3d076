using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// The hand-derived gradient. Per block, from the last layer down, the pre-activations z are computed again
/// from P^l; no tensor over (columns × channels × positions) is ever held.
/// </summary>
/// <remarks>
/// <code>
/// dz[c,j]   = gP^{l+1}[c] e_c(x_j) silu'(z[c,j])
/// dA[c,j,a] = Σ dz[c,j] h[a]       db1[c,j] = Σ dz[c,j]       gh[a] = Σ_{c,j} A[c,j,a] dz[c,j]
/// db2[c,j]  = Σ gP[c] e_c(x_j)     dτ[j] = Σ_c db2[c,j]       gP^l = gh · silu'(P^l)
/// de_c(v)  += Σ_{j, x_j = v} gP[c] K[c,j]                     (Potts)
/// </code>
/// Sums over columns run in column order whatever the instruction set.
/// </remarks>
internal sealed unsafe partial class SimdEvaluator<TLanes, TVector, TInput>
{
    // What a forward pass leaves behind was overwritten by another call.
    private const int Forgotten = -1;

    private readonly List<(double Time, int FirstWalker, int Walkers, int FirstBlock)> _runs = [];
    private byte[] _states = [];
    private int _walkers = Forgotten;       // of the last forward pass
    private GradientBuffers? _gradients;

    public override void Forward(ReadOnlySpan<byte> states, ReadOnlySpan<double> times, Span<float> output)
    {
        _walkers = times.Length;
        CheckSizes(states, _walkers, output);
        if (_states.Length < states.Length) _states = new byte[states.Length];
        states.CopyTo(_states);
        long blocks = SplitRuns(times);
        long tableBytes = blocks * _gatherer.TableBytes, activations = blocks * _activations;
        if (_table.Length < tableBytes) _table = new AlignedBuffer<byte>(tableBytes);
        if (_p.Length < activations) _p = new AlignedBuffer<float>(activations);
        foreach (var run in _runs)
        {
            _timeBias.Prepare(run.Time);
            var runStates = states.Slice(run.FirstWalker * _sites, run.Walkers * _sites);
            var runOutput = output.Slice(run.FirstWalker * _net.Outputs, run.Walkers * _net.Outputs);
            int columns = run.Walkers * _sites, block = run.FirstBlock;
            for (int first = 0; first < columns; first += Block, block++)
            {
                byte* table = Table(block);
                Gather(runStates, first, Math.Min(Block, columns - first), table);
                ForwardBlock(table, Activations(block), run.Time);
                WriteOutput(runStates, first, Math.Min(Block, columns - first), run.Time, runOutput);
            }
        }
        GC.KeepAlive(this);
    }

    public override void Backward(ReadOnlySpan<float> outputGradient, Span<double> gradient)
    {
        if (_walkers < 0)
            throw new InvalidOperationException("The last forward pass is gone: another call came between.");
        if (outputGradient.Length != _walkers * _net.Outputs)
            throw new ArgumentException(
                "The output gradient doesn't have the size of the last forward pass.");
        _gradients ??= new GradientBuffers(_network);
        _gradients.Clear();
        foreach (var run in _runs)
        {
            _timeBias.Prepare(run.Time);
            _gradients.BeginRun();
            int columns = run.Walkers * _sites, block = run.FirstBlock, from = run.FirstWalker;
            var states = _states.AsSpan(from * _sites, columns);
            var runGradient = outputGradient.Slice(from * _net.Outputs, run.Walkers * _net.Outputs);
            for (int first = 0; first < columns; first += Block, block++)
            {
                LoadOutputGradient(states, runGradient, first, Math.Min(Block, columns - first), run.Time);
                BackwardBlock(Table(block), Activations(block), run.Time);
            }
            _gradients.EndRun(_timeBias, gradient);
        }
        _gradients.AddTo(gradient);
        GC.KeepAlive(this);
    }

    // Where a block's table and P^0 … P^n are kept; in long, since all blocks together may exceed an int.
    private byte* Table(int block) => _table.Pointer + (long)block * _gatherer.TableBytes;
    private float* Activations(int block) => _p.Pointer + (long)block * _activations;

    // Runs of equal times; each starts a block of its own. Returns the number of blocks.
    private int SplitRuns(ReadOnlySpan<double> times)
    {
        _runs.Clear();
        int blocks = 0;
        for (int from = 0; from < times.Length;)
        {
            int to = from + 1;
            while (to < times.Length && times[to] == times[from]) to++;
            _runs.Add((times[from], from, to - from, blocks));
            blocks += ((to - from) * _sites + Block - 1) / Block;
            from = to;
        }
        return blocks;
    }

    // gD into _z: Ising gD = (1+t) s gG; Potts gD_v = gG_v, and for the own value minus the others' sum.
    private void LoadOutputGradient(ReadOnlySpan<byte> states, ReadOnlySpan<float> gradient, int first,
        int count, double time)
    {
        float* d = _z.Pointer;
        new Span<float>(d, _network.PaddedOutputs * Block).Clear();
        float scale = (float)(1 + time);
        for (int n = 0; n < count; n++)
        {
            int own = states[first + n];
            if (!_net.IsPotts)
            {
                d[n] = own == 1 ? scale * gradient[first + n] : -scale * gradient[first + n];
                continue;
            }
            int at = (first + n) / _sites * _net.Outputs + (first + n) % _sites;
            float others = 0;
            for (int v = 0; v < _net.PottsStates; v++)
            {
                if (v == own) continue;
                float g = gradient[at + v * _sites];
                d[v * Block + n] = g;
                others += g;
            }
            d[own * Block + n] = -others;
        }
    }

    private void BackwardBlock(byte* table, float* p, double time)
    {
        var g = _gradients!;
        float* tables = _network.Tables.Pointer;
        int stride = _network.TableStride;
        float* last = p + _net.Layers * _padded * Block;
        var output = _network.Output;
        g.Transpose(last, _padded, withOne: false);
        Kernels<TLanes, TVector>.AddOuterProduct(_z.Pointer, g.Transposed, g.Output, output.Rows, g.Stride);
        Kernels<TLanes, TVector>.Contract(output.Backward(), _z.Pointer, _zeros.Pointer, g.NextP, _padded,
            output.Rows);
        for (int l = _net.Layers - 1; l >= 0; l--)
        {
            var layer = _network.Layers[l];
            int[] rows = _gatherer.Rows[l + 1];
            float* thisP = p + l * _padded * Block;
            g.Transpose(g.NextP, _padded, withOne: false);
            AddSecondBiasGradient(table, rows, l);
            Kernels<TLanes, TVector>.Silu(thisP, _h.Pointer, _padded);
            g.Transpose(_h.Pointer, _padded, withOne: true);
            new Span<float>(g.Hidden, _padded * Block).Clear();
            for (int j = 0; j < rows.Length; j++)
            {
                if (j == layer.Window.Centre) continue;
                Kernels<TLanes, TVector>.Contract(layer.Weights.Forward(j), _h.Pointer,
                    layer.FirstBias.Pointer + j * _padded, _z.Pointer, _padded, layer.Weights.Inner);
                Kernels<TLanes, TVector>.AccumulateBackward<TInput>(_z.Pointer,
                    _timeBias.Layer(l) + j * _padded, table + rows[j] * ColumnGatherer.RowBytes, tables,
                    g.NextP, g.TableLanes, _padded, stride, _net.PottsStates);
                Kernels<TLanes, TVector>.AddOuterProduct(_z.Pointer, g.Transposed, g.Weights(l, j), _padded,
                    g.Stride);
                Kernels<TLanes, TVector>.Contract(layer.Weights.Backward(j), _z.Pointer, null, g.Hidden,
                    _padded, _padded);
            }
            Kernels<TLanes, TVector>.SiluBackward(thisP, g.Hidden, g.NextP, _padded);
        }
        Kernels<TLanes, TVector>.Scale(g.NextP, (float)(1 + time), _padded * Block);
        BackwardFirst(table);
    }

    // Σ_n 1{x_j[n] = v} gP[c][n] (Potts) or Σ_n s_j[n] gP[c][n] (Ising): row (j, v) by channel.
    private void AddSecondBiasGradient(byte* table, int[] rows, int layer)
    {
        var g = _gradients!;
        int total = rows.Length * g.RowsPerPosition;
        for (int first = 0; first < total; first += 4)
        {
            for (int k = 0; k < 4; k++)
            {
                int row = Math.Min(first + k, total - 1);
                int position = row / g.RowsPerPosition;
                Kernels<TLanes, TVector>.Indicate<TInput>(table + rows[position] * ColumnGatherer.RowBytes,
                    _net.IsPotts ? row % g.RowsPerPosition : -1, g.Rows + k * Block);
            }
            Kernels<TLanes, TVector>.AddOuterProduct(g.Rows, g.Transposed, g.Inputs(layer, first), 4,
                g.Stride);
        }
    }

    private void BackwardFirst(byte* table)
    {
        var g = _gradients!;
        var first = _network.First;
        Kernels<TLanes, TVector>.Embed<TInput>(table, _net.Windows[0].Positions, _network.Tables.Pointer,
            _x.Pointer, _net.InputChannels, _network.TableStride);
        g.TransposeFirst(_x.Pointer);
        Kernels<TLanes, TVector>.AddOuterProduct(g.NextP, g.FirstTransposed, g.First, _padded, g.FirstStride);
        if (!_net.IsPotts) return;
        Kernels<TLanes, TVector>.Contract(first.Backward(), g.NextP, _zeros.Pointer, _x.Pointer,
            first.BackwardRows, _padded);
        g.AddFirstEmbedding(table, _x.Pointer);
    }
}
