using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Storage;

/// <summary>The architecture of a model as a map of strings for a file's metadata.</summary>
internal static class NetworkMetadata
{
    private const string Kind = "network.kind", LatticeKey = "network.lattice", States = "network.states";
    private const string Windows = "network.windows", Channels = "network.channels";
    private const string Padding = "network.padding", MaxNorm = "network.embedding_max_norm";
    private const string Hidden = "network.free_energy_hidden";

    /// <summary>Larger networks are refused before anything is allocated for them.</summary>
    public const long MostParameters = 1 << 28;

    public static Dictionary<string, string> Write(LeapsModel model)
    {
        var network = model.Network;
        var windows = network.Windows.Select(window => MetadataValues.Format(window.Rows, window.Columns));
        var hidden = model.FreeEnergy.Hidden.Select(width => MetadataValues.Format(width));
        return new Dictionary<string, string>
        {
            [Kind] = network.IsPotts ? "potts" : "ising",
            [LatticeKey] = MetadataValues.Format(network.Lattice.Rows, network.Lattice.Columns),
            [States] = MetadataValues.Format(network.IsPotts ? network.PottsStates : 2),
            [Windows] = string.Join(',', windows),
            [Channels] = MetadataValues.Format(network.Channels),
            [Padding] = network.Padding == FirstPadding.Zeros ? "zeros" : "periodic",
            [MaxNorm] = network.EmbeddingMaxNorm ? "true" : "false",
            [Hidden] = string.Join(',', hidden),
        };
    }

    /// <summary>The architecture; no parameters are allocated.</summary>
    /// <exception cref="InvalidDataException">
    /// A part is missing or malformed; the message names its key.
    /// </exception>
    /// <exception cref="LeapsException">The parts do not make a network.</exception>
    public static (LocallyEquivariantConv Network, FreeEnergyNetwork FreeEnergy) Read(
        IReadOnlyDictionary<string, string> map)
    {
        var values = new MetadataValues(map);
        bool potts = values.Choice(Kind, ("ising", false), ("potts", true));
        int states = values.Integer(States);
        if (!potts && states != 2)
            throw new InvalidDataException(
                $"its metadata has '{States}' = {states} for an Ising network, which has 2.");
        Window[] windows = [.. values.Sizes(Windows).Select(size => new Window(size.Rows, size.Columns))];
        int channels = values.Integer(Channels);
        int[] hidden = values.Integers(Hidden);
        var padding = values.Choice(Padding,
            ("periodic", FirstPadding.Periodic), ("zeros", FirstPadding.Zeros));
        bool maxNorm = values.Choice(MaxNorm, ("false", false), ("true", true));
        if (values.Sizes(LatticeKey) is not [(int rows, int columns)])
            throw new InvalidDataException($"its metadata has more than one size in '{LatticeKey}'.");
        RequireSize(windows, channels, hidden);
        var network = new LocallyEquivariantConv(
            new Lattice(rows, columns), potts ? states : 0, windows, channels, padding, maxNorm);
        return (network, new FreeEnergyNetwork(hidden));
    }

    /// <exception cref="LeapsException">Networks of these sizes would have too many parameters.</exception>
    public static void RequireSize(IEnumerable<Window> windows, int channels, IReadOnlyList<int> hidden)
    {
        // In doubles: sizes out of a file may overflow any whole number.
        double positions = windows.Sum(window => (double)window.Rows * window.Columns);
        double parameters = positions * ((channels + 2.0) * channels + LocallyEquivariantConv.TimeHidden);
        for (int l = 0; l + 1 < hidden.Count; l++)
            parameters += (double)hidden[l] * hidden[l + 1];
        if (parameters > MostParameters)
            throw new LeapsException(
                $"A network of these sizes has more than {MostParameters} parameters: use smaller "
                + "windows, fewer channels or fewer hidden units.");
    }
}
