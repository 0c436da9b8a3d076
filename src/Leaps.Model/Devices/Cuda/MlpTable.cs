using System.Runtime.InteropServices;
using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Cuda;

/// <summary>One multilayer perceptron as mlp.cu reads it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MlpEntry
{
    public const int MostLayers = 16;

    public int Layers;
    public fixed int Width[MostLayers + 1];
    public fixed int Weight[MostLayers];
    public fixed int Bias[MostLayers];
    public int Output, Centre;
}

/// <summary>
/// Perceptrons that one launch evaluates: their places in the parameters and in the outputs.
/// </summary>
internal sealed unsafe class MlpTable
{
    private MlpTable(MlpEntry[] entries, int outputs)
    {
        Entries = entries;
        OutputStride = outputs;
        foreach (var entry in entries)
        {
            int kept = 0, parameters = 0;
            for (int l = 0; l < entry.Layers; l++)
            {
                kept += 2 * (entry.Width[l] + entry.Width[l + 1]);
                parameters = Math.Max(parameters, entry.Width[l + 1] * (entry.Width[l] + 1));
            }
            KeptSize = Math.Max(KeptSize, kept);
            LargestLayer = Math.Max(LargestLayer, parameters);
        }
    }

    public MlpEntry[] Entries { get; }

    /// <summary>Outputs of all of them for a time.</summary>
    public int OutputStride { get; }

    /// <summary>Doubles that are kept of a time and perceptron.</summary>
    public int KeptSize { get; }

    /// <summary>Most weights and biases of a layer.</summary>
    public int LargestLayer { get; }

    /// <summary>The time networks of all layers; the centre of a window has no output.</summary>
    public static MlpTable OfLayers(LocallyEquivariantConv net, TapTables taps) => new(
        [.. Enumerable.Range(0, net.Layers).Select(l => Entry(net.Layout,
            LocallyEquivariantConv.LayerPrefix(l) + "mlp.mlp.",
            [1, LocallyEquivariantConv.TimeHidden, LocallyEquivariantConv.TimeHidden,
                net.Windows[l + 1].Positions],
            taps.FirstTap[l], net.Windows[l + 1].Centre))],
        taps.LayerTaps);

    /// <exception cref="LeapsException">It has more layers than the kernels can hold.</exception>
    public static MlpTable OfFreeEnergy(LeapsModel model) =>
        new([Entry(model.Layout, FreeEnergyNetwork.Prefix, model.FreeEnergy.Widths, 0, -1)], 1);

    private static MlpEntry Entry(ParameterLayout layout, string prefix, int[] widths, int output, int centre)
    {
        if (widths.Length - 1 > MlpEntry.MostLayers)
            throw new LeapsException(
                $"The free-energy network has {widths.Length - 2} hidden layers; a GPU takes at most "
                + $"{MlpEntry.MostLayers - 1}: use fewer, or --device cpu.");
        var entry = new MlpEntry { Layers = widths.Length - 1, Output = output, Centre = centre };
        for (int l = 0; l < widths.Length; l++)
            entry.Width[l] = widths[l];
        for (int l = 0; l < entry.Layers; l++)
        {
            entry.Weight[l] = layout[$"{prefix}{2 * l}.weight"].Offset;
            entry.Bias[l] = layout[$"{prefix}{2 * l}.bias"].Offset;
        }
        return entry;
    }
}
