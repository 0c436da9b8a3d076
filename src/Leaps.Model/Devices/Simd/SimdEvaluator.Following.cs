using System.Runtime.Intrinsics;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// Keeps P^0 … P^n of the followed walkers and, after a jump, computes only what the changed site reaches
/// (<see cref="JumpReach"/>): for the paper's depth five about a quarter of an evaluation.
/// </summary>
internal sealed unsafe partial class SimdEvaluator<TLanes, TVector, TInput>
{
    // Above this part of a whole evaluation the bookkeeping costs more than it saves.
    private const double WorthFollowing = 0.7;

    // Jumps of one walker after which it is evaluated anew, so that rounding errors stay small.
    private const int JumpsToRefresh = 64;

    private Followed? _followed;

    public override void Follow(ReadOnlySpan<byte> states, int walkers, double time, Span<float> output)
    {
        _followed ??= new Followed(_net, _gatherer);
        if (_followed.Reach.WorkFraction > WorthFollowing)
        {
            base.Follow(states, walkers, time, output);
            return;
        }
        _followed.Reserve(walkers, _padded);
        _followed.Time = time;
        FollowAnew(states, 0, walkers, output);
        GC.KeepAlive(this);
    }

    public override void FollowJumps(ReadOnlySpan<byte> states, ReadOnlySpan<SiteJump> jumps,
        Span<float> output)
    {
        var f = _followed ?? throw new InvalidOperationException("No walkers are followed.");
        if (f.Reach.WorkFraction > WorthFollowing)
        {
            base.FollowJumps(states, jumps, output);
            return;
        }
        _walkers = Forgotten;
        _timeBias.Prepare(f.Time);
        f.Jumps.Clear();
        foreach (var jump in jumps)
        {
            if (++f.JumpCounts[jump.Place] < JumpsToRefresh)
                f.Jumps.Add(jump);
            else
                FollowAnew(states, jump.Place, 1, output);
        }
        foreach (var jump in f.Jumps)
        {
            var state = states.Slice(jump.Place * _sites, _sites);
            _gatherer.Extend(state, f.Extended(jump.Place));
            UpdateFirst(jump, state[jump.Site]);
        }
        for (int l = 0; l < _net.Layers; l++)
        {
            UpdateSingles(states, l);
            f.Collect(f.Reach.Full[l], withOwn: false);
            for (int first = 0; first < f.ColumnCount; first += Block)
                UpdateFull(l, first, Math.Min(Block, f.ColumnCount - first));
        }
        f.Collect(f.Reach.Last, withOwn: true);
        for (int first = 0; first < f.ColumnCount; first += Block)
            UpdateOutput(states, first, Math.Min(Block, f.ColumnCount - first), output);
        GC.KeepAlive(this);
    }

    // Evaluates walkers as a whole and keeps their activations.
    private void FollowAnew(ReadOnlySpan<byte> states, int firstPlace, int places, Span<float> output)
    {
        var f = _followed!;
        states = states.Slice(firstPlace * _sites, places * _sites);
        output = output.Slice(firstPlace * _net.Outputs, places * _net.Outputs);
        _walkers = Forgotten;
        _timeBias.Prepare(f.Time);
        f.JumpCounts.AsSpan(firstPlace, places).Clear();
        int columns = places * _sites;
        for (int first = 0; first < columns; first += Block)
        {
            int count = Math.Min(Block, columns - first);
            Gather(states, first, count, _table.Pointer);
            ForwardBlock(_table.Pointer, _p.Pointer, f.Time);
            WriteOutput(states, first, count, f.Time, output);
            for (int l = 0; l <= _net.Layers; l++)
            {
                for (int n = 0; n < count; n++)
                    Scatter(_p.Pointer + l * _padded * Block, n,
                        f.Activations(firstPlace + (first + n) / _sites, l, (first + n) % _sites));
            }
        }
    }

    // P^0_i[c] += (1+t) Σ_a W[c,a,k-i] (e_a(new) - e_a(old))
    private void UpdateFirst(SiteJump jump, byte value)
    {
        var f = _followed!;
        var first = _network.First;
        var lattice = _net.Lattice;
        float scale = (float)(1 + f.Time);
        int inputs = _net.InputChannels;
        int row = jump.Site / lattice.Columns, column = jump.Site % lattice.Columns;
        foreach (var reached in f.Reach.First)
        {
            int y = row + reached.Row, x = column + reached.ColumnStep;
            bool outside = y < 0 || y >= lattice.Rows || x < 0 || x >= lattice.Columns;
            if (outside && _net.Padding == FirstPadding.Zeros) continue;
            float* p = f.Activations(jump.Place, 0, lattice.Site(y, x));
            for (int a = 0; a < inputs; a++)
            {
                var change = Vector128.Create(scale * Change(a, jump.Previous, value));
                for (int c = 0; c < _padded; c += 4)
                {
                    float* weights =
                        first.Forward() + (c / 4 * first.Inner + reached.Position * inputs + a) * 4;
                    PortableLanes.Store(p + c,
                        PortableLanes.MultiplyAdd(change, Vector128.Load(weights), Vector128.Load(p + c)));
                }
            }
        }
    }

    // P^{l+1}_i[c] += K^l_i[c, k-i] (e_c(new) - e_c(old)) where h^l_i did not change
    private void UpdateSingles(ReadOnlySpan<byte> states, int l)
    {
        var f = _followed!;
        var layer = _network.Layers[l];
        int channels = _net.Channels;
        float* h = _h.Pointer;
        foreach (var jump in f.Jumps)
        {
            byte value = states[jump.Place * _sites + jump.Site];
            int row = jump.Site / _net.Lattice.Columns, column = jump.Site % _net.Lattice.Columns;
            foreach (var reached in f.Reach.Single[l])
            {
                int site = _net.Lattice.Site(row + reached.Row, column + reached.ColumnStep);
                int j = reached.Position;
                float* p = f.Activations(jump.Place, l, site), next = f.Activations(jump.Place, l + 1, site);
                float* weights = layer.Weights.Forward(j), b1 = layer.FirstBias.Pointer + j * _padded;
                float* bias = _timeBias.Layer(l) + j * _padded;
                for (int c = 0; c < _padded; c += 4)
                    Vector128.Store(Kernels<PortableLanes, Vector128<float>>.Silu(Vector128.Load(p + c)),
                        h + c);
                for (int c = 0; c < _padded; c += 4, weights += 4 * channels)
                {
                    var z = Vector128.Load(b1 + c);
                    for (int a = 0; a < channels; a++)
                        z = PortableLanes.MultiplyAdd(Vector128.Load(weights + 4 * a), Vector128.Create(h[a]),
                            z);
                    var k = Kernels<PortableLanes, Vector128<float>>.Silu(z) + Vector128.Load(bias + c);
                    var change =
                        Vector128.Create(Change(c, jump.Previous, value), Change(c + 1, jump.Previous, value),
                        Change(c + 2, jump.Previous, value), Change(c + 3, jump.Previous, value));
                    Vector128.Store(PortableLanes.MultiplyAdd(k, change, Vector128.Load(next + c)), next + c);
                }
            }
        }
    }

    // P^{l+1} of a block of collected columns, summed anew.
    private void UpdateFull(int l, int first, int count)
    {
        var f = _followed!;
        var layer = _network.Layers[l];
        var window = layer.Window;
        byte* table = _table.Pointer;
        float* p = _p.Pointer, next = p + _padded * Block, tables = _network.Tables.Pointer;
        for (int n = 0; n < Block; n++)
        {
            // Unused columns repeat the last one.
            var (place, site) = f[first + Math.Min(n, count - 1)];
            float* activations = f.Activations(place, l, site);
            for (int c = 0; c < _padded; c++)
                p[c * Block + n] = activations[c];
            _gatherer.FillWindow(f.Extended(place), site, window, table, n);
        }
        new Span<float>(next, _padded * Block).Clear();
        Kernels<TLanes, TVector>.Silu(p, _h.Pointer, _padded);
        float* bias = _timeBias.Layer(l);
        for (int j = 0; j < window.Positions; j++)
        {
            if (j == window.Centre) continue;
            Kernels<TLanes, TVector>.Contract(layer.Weights.Forward(j), _h.Pointer,
                layer.FirstBias.Pointer + j * _padded, _z.Pointer, _padded, layer.Weights.Inner);
            Kernels<TLanes, TVector>.Accumulate<TInput>(_z.Pointer, bias + j * _padded,
                table + j * ColumnGatherer.RowBytes, tables, next, _padded, _network.TableStride);
        }
        for (int n = 0; n < count; n++)
        {
            var (place, site) = f[first + n];
            Scatter(next, n, f.Activations(place, l + 1, site));
        }
    }

    private void UpdateOutput(ReadOnlySpan<byte> states, int first, int count, Span<float> output)
    {
        var f = _followed!;
        float* p = _p.Pointer, d = _z.Pointer;
        for (int n = 0; n < count; n++)
        {
            var (place, site) = f[first + n];
            float* activations = f.Activations(place, _net.Layers, site);
            for (int c = 0; c < _padded; c++)
                p[c * Block + n] = activations[c];
        }
        Kernels<TLanes, TVector>.Contract(_network.Output.Forward(), p, _zeros.Pointer, d,
            _network.Output.Rows, _network.Output.Inner);
        float scale = (float)(1 + f.Time);
        for (int n = 0; n < count; n++)
        {
            var (place, site) = f[first + n];
            int own = states[place * _sites + site], at = place * _net.Outputs + site;
            if (!_net.IsPotts)
            {
                output[at] = own == 1 ? scale * d[n] : -scale * d[n];
                continue;
            }
            for (int v = 0; v < _net.PottsStates; v++)
                output[at + v * _sites] = d[v * Block + n] - d[own * Block + n];
        }
    }

    // e_c(value) - e_c(previous)
    private float Change(int channel, byte previous, byte value)
    {
        if (!_net.IsPotts) return 2 * (value - previous);
        float* table = _network.Tables.Pointer + channel * _network.TableStride;
        return table[value] - table[previous];
    }

    private void Scatter(float* block, int column, float* activations)
    {
        for (int c = 0; c < _padded; c++)
            activations[c] = block[c * Block + column];
    }

    // Activations and extended lattices of the followed walkers, and the columns now at work.
    private sealed class Followed(LocallyEquivariantConv net, ColumnGatherer gatherer)
    {
        private AlignedBuffer<float> _activations = new(0);
        private AlignedBuffer<byte> _extended = new(0);
        private (int Place, int Site)[] _columns = [];
        private int _padded;

        public JumpReach Reach { get; } = new(net);
        public List<SiteJump> Jumps { get; } = [];
        public int[] JumpCounts { get; private set; } = [];
        public double Time { get; set; }
        public int ColumnCount { get; private set; }
        public (int Place, int Site) this[int column] => _columns[column];

        public void Reserve(int walkers, int padded)
        {
            if (JumpCounts.Length >= walkers) return;
            int sites = net.Lattice.Sites;
            _padded = padded;
            _activations = new AlignedBuffer<float>((long)walkers * (net.Layers + 1) * sites * padded);
            _extended = new AlignedBuffer<byte>((long)walkers * gatherer.ExtendedBytes);
            _columns = new (int, int)[walkers * sites];
            JumpCounts = new int[walkers];
            Jumps.Capacity = walkers;
        }

        /// <summary>P^l of one site, (padded channels).</summary>
        public float* Activations(int place, int layer, int site) => _activations.Pointer
            + ((long)(place * (net.Layers + 1) + layer) * net.Lattice.Sites + site) * _padded;

        public byte* Extended(int place) => _extended.Pointer + (long)place * gatherer.ExtendedBytes;

        /// <summary>Lists the reached columns of every jump.</summary>
        public void Collect(JumpReach.Column[] reached, bool withOwn)
        {
            ColumnCount = 0;
            foreach (var jump in Jumps)
            {
                int row = jump.Site / net.Lattice.Columns, column = jump.Site % net.Lattice.Columns;
                foreach (var step in reached)
                    _columns[ColumnCount++] =
                        (jump.Place, net.Lattice.Site(row + step.Row, column + step.ColumnStep));
                if (withOwn)
                    _columns[ColumnCount++] = (jump.Place, jump.Site);
            }
        }
    }
}
