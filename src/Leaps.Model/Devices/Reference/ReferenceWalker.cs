using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Reference;

/// <summary>
/// The equations of <see cref="LocallyEquivariantConv"/> and their derivatives, for one walker.
/// Source: Holderrieth, Albergo, Jaakkola, "LEAPS", ICML 2025.
/// </summary>
internal sealed class ReferenceWalker
{
    private readonly LocallyEquivariantConv _net;
    private readonly ReferenceNetwork _network;
    private readonly int _sites, _channels;
    private readonly double[][] _hidden;            // P^l: (layers + 1)[(sites, C)]
    private readonly double[][] _hiddenGradient;    // likewise
    private readonly double[][] _time;              // τ^l: (layers)[(positions)]
    private readonly double[][] _timeGradient;      // likewise
    private readonly Mlp[] _timeNetworks;           // (layers)
    private readonly ParameterTensor _first, _omega;            // W: (C, inputs, positions); ω: (C) or (q, C)
    private readonly ParameterTensor? _embedding;               // (q, C)
    private readonly ParameterTensor[] _mix, _b1, _b2;  // (layers): A^l (C, positions, C), b (C, positions)

    public ReferenceWalker(ReferenceNetwork network)
    {
        _network = network;
        _net = network.Architecture;
        _sites = _net.Lattice.Sites;
        _channels = _net.Channels;
        _hidden = [.. _net.Windows.Select(_ => new double[_sites * _channels])];
        _hiddenGradient = [.. _net.Windows.Select(_ => new double[_sites * _channels])];
        _time = [.. _net.Windows.Skip(1).Select(window => new double[window.Positions])];
        _timeGradient = [.. _net.Windows.Skip(1).Select(window => new double[window.Positions])];
        _timeNetworks = [.. _net.Windows.Skip(1).Select((window, l) => new Mlp(_net.Layout,
            LocallyEquivariantConv.LayerPrefix(l) + "mlp.mlp.",
            [1, LocallyEquivariantConv.TimeHidden, LocallyEquivariantConv.TimeHidden, window.Positions]))];
        _first = Tensor("initial_conv.weight");
        _omega = Tensor("linear");
        _embedding = _net.IsPotts ? Tensor("emb.embedding.weight") : null;
        _mix = [.. _time.Select((_, l) => Tensor($"convs.{l}.A"))];
        _b1 = [.. _time.Select((_, l) => Tensor($"convs.{l}.b1"))];
        _b2 = [.. _time.Select((_, l) => Tensor($"convs.{l}.b2"))];
    }

    /// <summary>P^l, (sites, C).</summary>
    public ReadOnlySpan<double> Hidden(int layer) => _hidden[layer];

    /// <param name="state">(sites)</param>
    /// <param name="t">annealing time</param>
    /// <param name="output">G, (outputs per site, sites)</param>
    public void Forward(ReadOnlySpan<byte> state, double t, Span<double> output)
    {
        FirstConvolution(state, t);
        for (int l = 0; l < _net.Layers; l++)
        {
            _timeNetworks[l].Forward(_network.Parameters.Values, t, _time[l]);
            Layer(l, state);
        }
        Outputs(state, t, output);
    }

    /// <summary>Adds the gradient of Σ u·G at the state and time of the last <see cref="Forward"/>.</summary>
    /// <param name="state">(sites)</param>
    /// <param name="t">annealing time</param>
    /// <param name="outputGradient">u, (outputs per site, sites)</param>
    /// <param name="gradient">flat vector of the architecture's layout</param>
    public void Backward(
        ReadOnlySpan<byte> state, double t, ReadOnlySpan<double> outputGradient, Span<double> gradient)
    {
        OutputsBackward(state, t, outputGradient, gradient);
        for (int l = _net.Layers - 1; l >= 0; l--)
        {
            LayerBackward(l, state, gradient);
            _timeNetworks[l].Backward(_network.Parameters.Values, _timeGradient[l], default, gradient);
        }
        FirstConvolutionBackward(state, t, gradient);
    }

    // P^0_i[c] = Σ_{j≠i} Σ_a W[c,a,j-i] (1+t) e_a(x_j)
    private void FirstConvolution(ReadOnlySpan<byte> state, double t)
    {
        var window = _net.Windows[0];
        int inputs = _net.InputChannels, positions = window.Positions;
        ReadOnlySpan<double> w = Values(_first);                // (C, inputs, positions)
        ReadOnlySpan<double> e = _network.Embedding;                        // (values, C)
        double[] p0 = _hidden[0];
        Array.Clear(p0);
        for (int i = 0; i < _sites; i++)
        {
            for (int p = 0; p < positions; p++)
            {
                int j = Seen(window, i, p, _net.Padding);
                if (j < 0) continue;
                for (int c = 0; c < _channels; c++)
                {
                    double sum = 0;
                    for (int a = 0; a < inputs; a++)
                        sum += w[(c * inputs + a) * positions + p] * e[state[j] * _channels + a];
                    p0[i * _channels + c] += (1 + t) * sum;
                }
            }
        }
    }

    private void FirstConvolutionBackward(ReadOnlySpan<byte> state, double t, Span<double> gradient)
    {
        var window = _net.Windows[0];
        int inputs = _net.InputChannels, positions = window.Positions;
        ReadOnlySpan<double> w = Values(_first), e = _network.Embedding;
        Span<double> gw = Of(gradient, _first);
        Span<double> ge = EmbeddingOf(gradient);
        double[] gp0 = _hiddenGradient[0];
        for (int i = 0; i < _sites; i++)
        {
            for (int p = 0; p < positions; p++)
            {
                int j = Seen(window, i, p, _net.Padding);
                if (j < 0) continue;
                for (int c = 0; c < _channels; c++)
                {
                    double g = (1 + t) * gp0[i * _channels + c];
                    for (int a = 0; a < inputs; a++)
                    {
                        gw[(c * inputs + a) * positions + p] += g * e[state[j] * _channels + a];
                        if (_net.IsPotts)
                            ge[state[j] * _channels + a] += g * w[(c * inputs + a) * positions + p];
                    }
                }
            }
        }
    }

    // K_i[c,j] = silu(Σ_a A[c,j-i,a] h_i[a] + b1[c,j-i]) + b2[c,j-i] + τ[j-i],   h = silu(P)
    // P'_i[c] = Σ_{j≠i} K_i[c,j] e_c(x_j)
    private void Layer(int l, ReadOnlySpan<byte> state)
    {
        var window = _net.Windows[l + 1];
        int positions = window.Positions;
        ReadOnlySpan<double> mix = Values(_mix[l]);             // (C, positions, C)
        ReadOnlySpan<double> b1 = Values(_b1[l]), b2 = Values(_b2[l]);      // (C, positions)
        ReadOnlySpan<double> e = _network.Embedding;                        // (values, C)
        double[] p0 = _hidden[l], p1 = _hidden[l + 1], tau = _time[l];
        Array.Clear(p1);
        Span<double> h = stackalloc double[_channels];
        for (int i = 0; i < _sites; i++)
        {
            for (int a = 0; a < _channels; a++)
                h[a] = Silu(p0[i * _channels + a]);
            for (int p = 0; p < positions; p++)
            {
                int j = Seen(window, i, p, FirstPadding.Periodic);
                if (j < 0) continue;
                for (int c = 0; c < _channels; c++)
                {
                    int k = c * positions + p;
                    double z = b1[k] + Dot(mix.Slice(k * _channels, _channels), h);
                    double kernel = Silu(z) + b2[k] + tau[p];
                    p1[i * _channels + c] += kernel * e[state[j] * _channels + c];
                }
            }
        }
    }

    private void LayerBackward(int l, ReadOnlySpan<byte> state, Span<double> gradient)
    {
        var window = _net.Windows[l + 1];
        int positions = window.Positions;
        ReadOnlySpan<double> mix = Values(_mix[l]);
        ReadOnlySpan<double> b1 = Values(_b1[l]), b2 = Values(_b2[l]), e = _network.Embedding;
        Span<double> gMix = Of(gradient, _mix[l]);
        Span<double> gb1 = Of(gradient, _b1[l]), gb2 = Of(gradient, _b2[l]);
        Span<double> ge = EmbeddingOf(gradient);
        double[] p0 = _hidden[l], gp0 = _hiddenGradient[l], gp1 = _hiddenGradient[l + 1];
        double[] tau = _time[l], gTau = _timeGradient[l];
        Array.Clear(gTau);
        Span<double> h = stackalloc double[_channels], gh = stackalloc double[_channels];
        for (int i = 0; i < _sites; i++)
        {
            for (int a = 0; a < _channels; a++)
                h[a] = Silu(p0[i * _channels + a]);
            gh.Clear();
            for (int p = 0; p < positions; p++)
            {
                int j = Seen(window, i, p, FirstPadding.Periodic);
                if (j < 0) continue;
                for (int c = 0; c < _channels; c++)
                {
                    int k = c * positions + p;
                    var row = mix.Slice(k * _channels, _channels);
                    var gRow = gMix.Slice(k * _channels, _channels);
                    double z = b1[k] + Dot(row, h);
                    double kernel = Silu(z) + b2[k] + tau[p];
                    double g = gp1[i * _channels + c];
                    double gKernel = g * e[state[j] * _channels + c];
                    double gz = gKernel * SiluDerivative(z);
                    gb2[k] += gKernel;
                    gTau[p] += gKernel;
                    gb1[k] += gz;
                    for (int a = 0; a < _channels; a++)
                    {
                        gRow[a] += gz * h[a];
                        gh[a] += gz * row[a];
                    }
                    if (_net.IsPotts)
                        ge[state[j] * _channels + c] += g * kernel;
                }
            }
            for (int a = 0; a < _channels; a++)
                gp0[i * _channels + a] = gh[a] * SiluDerivative(p0[i * _channels + a]);
        }
    }

    // Ising: G_i = (1+t) s_i Σ_c ω[c] P_i[c];   Potts: G_iv = Σ_c (ω[v,c] - ω[x_i,c]) P_i[c]
    private void Outputs(ReadOnlySpan<byte> state, double t, Span<double> output)
    {
        ReadOnlySpan<double> omega = Values(_omega);                         // (C) or (q, C)
        for (int i = 0; i < _sites; i++)
        {
            var p = _hidden[^1].AsSpan(i * _channels, _channels);
            if (!_net.IsPotts)
            {
                output[i] = (1 + t) * (2 * state[i] - 1) * Dot(omega, p);
                continue;
            }
            var own = omega.Slice(state[i] * _channels, _channels);
            for (int v = 0; v < _net.PottsStates; v++)
            {
                double sum = 0;
                for (int c = 0; c < _channels; c++)
                    sum += (omega[v * _channels + c] - own[c]) * p[c];
                output[v * _sites + i] = v == state[i] ? 0 : sum;
            }
        }
    }

    private void OutputsBackward(
        ReadOnlySpan<byte> state, double t, ReadOnlySpan<double> u, Span<double> gradient)
    {
        ReadOnlySpan<double> omega = Values(_omega);
        Span<double> gOmega = Of(gradient, _omega);
        Array.Clear(_hiddenGradient[^1]);
        for (int i = 0; i < _sites; i++)
        {
            var p = _hidden[^1].AsSpan(i * _channels, _channels);
            var gp = _hiddenGradient[^1].AsSpan(i * _channels, _channels);
            for (int c = 0; c < _channels && !_net.IsPotts; c++)
            {
                double g = (1 + t) * (2 * state[i] - 1) * u[i];
                gp[c] = g * omega[c];
                gOmega[c] += g * p[c];
            }
            for (int v = 0; v < _net.PottsStates; v++)
            {
                if (v == state[i]) continue;
                double g = u[v * _sites + i];
                for (int c = 0; c < _channels; c++)
                {
                    gp[c] += g * (omega[v * _channels + c] - omega[state[i] * _channels + c]);
                    gOmega[v * _channels + c] += g * p[c];
                    gOmega[state[i] * _channels + c] -= g * p[c];
                }
            }
        }
    }

    // The site that site i sees at a position of its window; -1 for itself and for what lies outside.
    private int Seen(Window window, int i, int position, FirstPadding padding)
    {
        if (position == window.Centre)
            return -1;
        var lattice = _net.Lattice;
        var (rowStep, columnStep) = window.Offset(position);
        int row = i / lattice.Columns + rowStep, column = i % lattice.Columns + columnStep;
        bool inside = row >= 0 && row < lattice.Rows && column >= 0 && column < lattice.Columns;
        return inside || padding == FirstPadding.Periodic ? lattice.Site(row, column) : -1;
    }

    private ParameterTensor Tensor(string name) => _net.Layout[LocallyEquivariantConv.Prefix + name];

    private ReadOnlySpan<double> Values(ParameterTensor tensor) => Of(_network.Parameters.Values, tensor);

    private static Span<double> Of(Span<double> flat, ParameterTensor tensor) =>
        flat.Slice(tensor.Offset, tensor.Length);

    private Span<double> EmbeddingOf(Span<double> gradient) =>
        _embedding is null ? default : Of(gradient, _embedding);

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (int k = 0; k < x.Length; k++)
            sum += x[k] * y[k];
        return sum;
    }

    private static double Silu(double z) => z / (1 + Math.Exp(-z));

    private static double SiluDerivative(double z)
    {
        double s = 1 / (1 + Math.Exp(-z));
        return s * (1 + z * (1 - s));
    }
}
