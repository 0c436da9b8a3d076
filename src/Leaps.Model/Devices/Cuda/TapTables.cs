using Leaps.Model.Networks;

namespace Leaps.Model.Devices.Cuda;

/// <summary>
/// The shape of a network as the kernels want it: taps (positions of a window other than its centre) numbered
/// through all windows, how far they reach, and where the parameters' tensors begin.
/// </summary>
internal sealed class TapTables
{
    public const int PaperTiles = 3, WideTiles = 8, WidestTiles = 32;
    public const int ThreadsOfForward = 256, WarpsOfForward = 8, TileColumns = 16;

    private const long PartialFloats = 1 << 24;
    private const int MostSplits = 32;

    public TapTables(LocallyEquivariantConv net)
    {
        Tiles = net.Channels <= 8 * PaperTiles ? PaperTiles : net.Channels <= 8 * WideTiles ? WideTiles
            : WidestTiles;
        PaddedChannels = 8 * Tiles;
        Values = Math.Max(2, net.PottsStates);
        var rows = new List<int>();
        var columns = new List<int>();
        foreach (var window in net.Windows)
        {
            for (int p = 0; p < window.Positions; p++)
            {
                if (p == window.Centre) continue;
                rows.Add(window.Offset(p).Row);
                columns.Add(window.Offset(p).Column);
            }
        }
        (RowSteps, ColumnSteps) = ([.. rows], [.. columns]);
        (Up, Down) = (Math.Max(0, -rows.Min()), Math.Max(0, rows.Max()));
        (Left, Right) = (Math.Max(0, -columns.Min()), Math.Max(0, columns.Max()));
        FirstTaps = net.Windows[0].Positions - 1;
        FirstTap = new int[net.Layers + 1];
        for (int l = 0; l < net.Layers; l++)
            FirstTap[l + 1] = FirstTap[l] + net.Windows[l + 1].Positions - 1;
        Offsets = OffsetsOf(net);
    }

    /// <summary>Channels are padded to tiles of eight.</summary>
    public int Tiles { get; }
    public int PaddedChannels { get; }

    /// <summary>Values of a site: 2 for Ising, q for Potts.</summary>
    public int Values { get; }

    /// <summary>(taps)</summary>
    public int[] RowSteps { get; }
    public int[] ColumnSteps { get; }
    public int Up { get; }
    public int Down { get; }
    public int Left { get; }
    public int Right { get; }
    public int FirstTaps { get; }

    /// <summary>(layers + 1): of each layer, counted without the first convolution.</summary>
    public int[] FirstTap { get; }
    public int LayerTaps => FirstTap[^1];

    /// <summary>As pack.cu says.</summary>
    public int[] Offsets { get; }

    /// <summary>Floats of the packed weights of a tap: in `layers`, and in `transposed`.</summary>
    public int TapFloats => TransposedFloats + 2 * PaddedChannels;
    public int TransposedFloats => Tiles * Tiles * 64;

    /// <summary>Floats of a tap's partial gradient.</summary>
    public int RecordFloats => PaddedChannels * PaddedChannels + 2 * PaddedChannels;

    /// <summary>Tiles of 16 columns that a warp of the forward pass holds.</summary>
    public int TilesOfWarp => Tiles == PaperTiles ? 2 : 1;
    public int ColumnsOfBlock => WarpsOfForward * TilesOfWarp * TileColumns;

    /// <summary>
    /// Parts that the columns are cut into for the gradients: of the architecture alone, since it decides how
    /// sums round.
    /// </summary>
    public int Splits => (int)Math.Clamp(PartialFloats / ((long)LayerTaps * RecordFloats), 1, MostSplits);

    /// <summary>The name of a kernel's variant, such as forward_ising_fast_3.</summary>
    public string Variant(string kernel, bool potts, CudaPrecision precision)
    {
        // The widest networks have only one: their tiles don't fit into registers anyway.
        string fast = precision == CudaPrecision.Tf32 && Tiles < WidestTiles ? "fast_" : "";
        return $"{kernel}_{(potts ? "potts" : "ising")}_{fast}{Tiles}";
    }

    private static int[] OffsetsOf(LocallyEquivariantConv net)
    {
        int Of(string name) => net.Layout[LocallyEquivariantConv.Prefix + name].Offset;
        var offsets = new List<int>
        {
            Of("linear"), net.IsPotts ? Of("emb.embedding.weight") : 0, Of("initial_conv.weight"),
            net.Windows[0].Positions, net.Windows[0].Centre,
        };
        for (int l = 0; l < net.Layers; l++)
        {
            var window = net.Windows[l + 1];
            offsets.AddRange([Of($"convs.{l}.A"), Of($"convs.{l}.b1"), Of($"convs.{l}.b2"), window.Positions,
                window.Centre]);
        }
        return [.. offsets];
    }
}
