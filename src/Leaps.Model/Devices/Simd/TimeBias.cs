using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>
/// b2 + τ_t for every layer, window position and channel at one time, and the gradient of τ.
/// </summary>
internal sealed unsafe class TimeBias
{
    private readonly SimdNetwork _network;
    private readonly Mlp[] _mlps;
    private readonly double[][] _tau;                   // (layers)(positions)
    private readonly AlignedBuffer<float>[] _bias;      // (layers)(positions, padded channels)
    private double _time = double.NaN;
    private int _version = -1;

    public TimeBias(SimdNetwork network)
    {
        _network = network;
        const int hidden = LocallyEquivariantConv.TimeHidden;
        _mlps = [.. network.Layers.Select((layer, l) =>
            new Mlp(network.Layout, LocallyEquivariantConv.LayerPrefix(l) + "mlp.mlp.",
                [1, hidden, hidden, layer.Window.Positions]))];
        _tau = [.. network.Layers.Select(layer => new double[layer.Window.Positions])];
        _bias = [.. network.Layers
            .Select(layer => new AlignedBuffer<float>(layer.Window.Positions * network.PaddedChannels))];
    }

    /// <summary>b2 + τ_t, (positions, padded channels); padding channels hold 0.</summary>
    public float* Layer(int layer) => _bias[layer].Pointer;

    /// <summary>Computes the biases of a time unless they are there already.</summary>
    public void Prepare(double time)
    {
        if (time == _time && _version == _network.Version) return;
        int padded = _network.PaddedChannels, channels = _network.Architecture.Channels;
        for (int l = 0; l < _mlps.Length; l++)
        {
            _mlps[l].Forward(_network.Values, time, _tau[l]);
            float* bias = _bias[l].Pointer, second = _network.Layers[l].SecondBias.Pointer;
            for (int j = 0; j < _tau[l].Length; j++)
            {
                for (int c = 0; c < channels; c++)
                    bias[j * padded + c] = second[j * padded + c] + (float)_tau[l][j];
            }
        }
        _time = time;
        _version = _network.Version;
    }

    /// <summary>
    /// Adds the time network's gradient, given dL/dτ (positions), at the time last prepared.
    /// </summary>
    public void Backward(int layer, ReadOnlySpan<double> tauGradient, Span<double> gradient) =>
        _mlps[layer].Backward(_network.Values, tauGradient, default, gradient);
}
