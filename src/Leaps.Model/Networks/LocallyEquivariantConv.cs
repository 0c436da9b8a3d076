using Leaps.Model.Random;
using Leaps.Model.Targets;

namespace Leaps.Model.Networks;

public enum FirstPadding
{
    /// <summary>The lattice is a torus for every layer. Keeps translation invariance.</summary>
    Periodic,

    /// <summary>
    /// The first convolution sees zeros outside the lattice, as the published checkpoints do.
    /// </summary>
    Zeros,
}

/// <summary>
/// Architecture of the deep locally equivariant convolution (LEC): shapes, names and initial values of its
/// parameters. The devices compute it. Source: Holderrieth, Albergo, Jaakkola, "LEAPS", ICML 2025.
/// </summary>
/// <remarks>
/// <code>
/// P^0_i[c]     = Σ_{j in window 0, j≠i} Σ_a W[c,a,j-i] (1+t) e_a(x_j)
/// h^l_i        = silu(P^l_i)
/// K^l_i[c,j]   = silu( Σ_a A^l[c,j-i,a] h^l_i[a] + b1^l[c,j-i] ) + b2^l[c,j-i] + τ^l_t[j-i]
/// P^{l+1}_i[c] = Σ_{j≠i} K^l_i[c,j] e_c(x_j)
/// Ising:  G_i   = (1+t) s_i Σ_c ω[c] P^n_i[c]            e_c(x_j) = s_j for every c
/// Potts:  G_iv  = Σ_c (ω[v,c] - ω[x_i,c]) P^n_i[c]       e_c(x_j) = embedding[x_j, c]
/// </code>
/// τ^l is an MLP 1→64→64→positions with silu. No P_i ever sees x_i: any depth is locally equivariant.
/// </remarks>
public sealed class LocallyEquivariantConv
{
    public const int TimeHidden = 64;

    // Σ window positions · C · max(C, 16): below it no index into packed weights or gradients exceeds an int.
    private const long LargestSize = 1L << 28;

    public const string Prefix = "net.network.";

    public LocallyEquivariantConv(Target target, IReadOnlyList<Window> windows, int channels,
        FirstPadding padding = FirstPadding.Periodic, bool embeddingMaxNorm = false)
        : this(target.Lattice, target.Name == "potts" ? target.States : 0, windows, channels, padding,
            embeddingMaxNorm)
    {
    }

    /// <param name="lattice">the lattice it acts on</param>
    /// <param name="pottsStates">q for a Potts network, 0 for an Ising network</param>
    /// <param name="windows">first convolution, then one a layer; at least two</param>
    /// <param name="channels">C</param>
    /// <param name="padding">of the first convolution</param>
    /// <param name="embeddingMaxNorm">Potts: embedding rows longer than 1 count as scaled to length 1</param>
    /// <exception cref="LeapsException">
    /// A window does not fit the lattice, or a size is out of range.
    /// </exception>
    public LocallyEquivariantConv(Lattice lattice, int pottsStates, IReadOnlyList<Window> windows,
        int channels, FirstPadding padding = FirstPadding.Periodic, bool embeddingMaxNorm = false)
    {
        if (windows.Count < 2)
            throw new LeapsException(
                "A network needs at least two kernel sizes: the first convolution and one layer.");
        if (channels is < 1 or > 256)
            throw new LeapsException($"{channels} channels are not possible: use 1 to 256.");
        if (pottsStates is < 0 or 1 or > 64)
            throw new LeapsException(
                $"A Potts network with {pottsStates} states is not supported: use 2 to 64.");
        foreach (var window in windows)
            window.Validate(lattice);
        if (windows.Sum(window => (long)window.Positions * channels * Math.Max(channels, 16)) > LargestSize)
        {
            throw new LeapsException(
                $"{channels} channels with kernels {string.Join(", ", windows)} make too large a network: "
                + "use fewer channels or smaller kernels.");
        }
        Lattice = lattice;
        PottsStates = pottsStates;
        Windows = [.. windows];
        Channels = channels;
        Padding = padding;
        EmbeddingMaxNorm = embeddingMaxNorm && pottsStates > 0;
        Layout = new ParameterLayout(Tensors());
    }

    public Lattice Lattice { get; }

    /// <summary>q for a Potts network, 0 for an Ising network.</summary>
    public int PottsStates { get; }
    public bool IsPotts => PottsStates > 0;
    public IReadOnlyList<Window> Windows { get; }
    public int Channels { get; }
    public FirstPadding Padding { get; }
    public bool EmbeddingMaxNorm { get; }

    /// <summary>Layers after the first convolution.</summary>
    public int Layers => Windows.Count - 1;
    public int InputChannels => IsPotts ? Channels : 1;
    public int OutputsPerSite => IsPotts ? PottsStates : 1;
    public int Outputs => OutputsPerSite * Lattice.Sites;
    public ParameterLayout Layout { get; }

    public static string LayerPrefix(int layer) => $"{Prefix}convs.{layer}.";

    /// <exception cref="LeapsException">The network was made for another target.</exception>
    public void CheckFits(Target target)
    {
        string mine = IsPotts ? $"potts with {PottsStates} states" : "ising";
        string theirs = target.Name == "potts" ? $"potts with {target.States} states" : target.Name;
        if (mine != theirs)
            throw new LeapsException($"The network was made for {mine}, the target is {theirs}.");
        if (Lattice.Rows != target.Lattice.Rows || Lattice.Columns != target.Lattice.Columns)
            throw new LeapsException(
                $"The network was made for the lattice {Lattice}, the target has {target.Lattice}.");
    }

    /// <summary>
    /// Seeded initial values, scaled so that hidden units keep variance one and the output starts small:
    /// W, A ~ N(0, gain² / fan-in), ω ~ N(0, outputScale² / C), the time MLP as PyTorch's Linear, biases
    /// zero.
    /// </summary>
    /// <remarks>
    /// The reference draws A, b1, b2 from 0.002·U(0,1), so that its hidden units start alike and nearly dead.
    /// </remarks>
    public void Initialise(ParameterSet parameters, ulong seed, double outputScale = 0.1)
    {
        for (int index = 0; index < Layout.Tensors.Count; index++)
        {
            var tensor = Layout.Tensors[index];
            var stream = new RandomStream(seed, RandomPurpose.ParameterInitialisation, walker: index);
            var values = parameters[tensor.Name];
            string name = tensor.Name[Prefix.Length..];
            if (name == "linear")
                FillNormal(values, outputScale / Math.Sqrt(Channels), ref stream);
            else if (name.StartsWith("emb.", StringComparison.Ordinal))
                FillNormal(values, 1 / Math.Sqrt(Channels), ref stream);
            else if (name.StartsWith("initial_conv", StringComparison.Ordinal))
                FillNormal(values, 1 / Math.Sqrt(Windows[0].Positions - 1), ref stream);
            else if (name.EndsWith(".A", StringComparison.Ordinal))
                FillNormal(values, 1 / Math.Sqrt(Channels * (tensor.Shape[1] - 1.0)), ref stream);
            else if (name.Contains(".mlp.mlp.0.", StringComparison.Ordinal))
                Mlp.FillUniform(values, fanIn: 1, ref stream);
            else if (name.Contains(".mlp.", StringComparison.Ordinal))
                Mlp.FillUniform(values, fanIn: TimeHidden, ref stream);
            else
                values.Clear();
        }
        parameters.RoundToSingle();
    }

    /// <summary>
    /// With <see cref="EmbeddingMaxNorm"/>, scales embedding rows longer than 1 to length 1 in place, as
    /// PyTorch does at each look-up; otherwise does nothing.
    /// </summary>
    public void RenormaliseEmbedding(ParameterSet parameters)
    {
        if (!EmbeddingMaxNorm) return;
        var rows = parameters[Prefix + "emb.embedding.weight"];
        for (int v = 0; v < PottsStates; v++)
        {
            var row = rows.Slice(v * Channels, Channels);
            double squares = 0;
            foreach (double e in row) squares += e * e;
            double norm = Math.Sqrt(squares);
            if (norm <= 1) continue;
            foreach (ref double e in row) e = (float)(e / (norm + 1e-7));
        }
    }

    private static void FillNormal(Span<double> values, double deviation, ref RandomStream stream)
    {
        foreach (ref double value in values)
            value = deviation * stream.NextNormal();
    }

    private IEnumerable<(string Name, int[] Shape)> Tensors()
    {
        int c = Channels;
        yield return (Prefix + "linear", IsPotts ? [PottsStates, c] : [c]);
        if (IsPotts)
            yield return (Prefix + "emb.embedding.weight", [PottsStates, c]);
        yield return (Prefix + "initial_conv.weight",
            [c, InputChannels, Windows[0].Rows, Windows[0].Columns]);
        for (int l = 0; l < Layers; l++)
        {
            int positions = Windows[l + 1].Positions;
            string prefix = LayerPrefix(l);
            yield return (prefix + "A", [c, positions, c]);
            yield return (prefix + "b1", [c, positions]);
            yield return (prefix + "b2", [c, positions]);
            foreach (var tensor in Mlp.Tensors(prefix + "mlp.mlp.", [1, TimeHidden, TimeHidden, positions]))
                yield return tensor;
        }
    }
}
