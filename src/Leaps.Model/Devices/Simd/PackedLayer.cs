using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Simd;

/// <summary>One state-dependent layer: A, b1, b2 by window position.</summary>
internal sealed unsafe class PackedLayer
{
    private readonly int _channels, _padded;

    public PackedLayer(LocallyEquivariantConv net, int layer, int paddedChannels)
    {
        Window = net.Windows[layer + 1];
        _channels = net.Channels;
        _padded = paddedChannels;
        Weights = new PackedContraction(Window.Positions, paddedChannels, _channels);
        FirstBias = new AlignedBuffer<float>(Window.Positions * paddedChannels);
        SecondBias = new AlignedBuffer<float>(Window.Positions * paddedChannels);
    }

    public Window Window { get; }

    /// <summary>b1, (positions, padded channels).</summary>
    public AlignedBuffer<float> FirstBias { get; }

    /// <summary>b2, (positions, padded channels).</summary>
    public AlignedBuffer<float> SecondBias { get; }

    /// <summary>The weights of each window position, (padded channels, channels).</summary>
    public PackedContraction Weights { get; }

    public void Load(ParameterSet parameters, int layer)
    {
        string prefix = LocallyEquivariantConv.LayerPrefix(layer);
        ReadOnlySpan<double> weights = parameters[prefix + "A"];       // [C, k², C]
        ReadOnlySpan<double> b1 = parameters[prefix + "b1"], b2 = parameters[prefix + "b2"];
        int positions = Window.Positions;
        for (int c = 0; c < _channels; c++)
        {
            for (int j = 0; j < positions; j++)
            {
                FirstBias.Pointer[j * _padded + c] = (float)b1[c * positions + j];
                SecondBias.Pointer[j * _padded + c] = (float)b2[c * positions + j];
                for (int a = 0; a < _channels; a++)
                    Weights.Set(j, c, a, (float)weights[(c * positions + j) * _channels + a]);
            }
        }
    }
}
