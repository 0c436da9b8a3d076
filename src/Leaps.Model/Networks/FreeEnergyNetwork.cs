using Leaps.Model.Random;

namespace Leaps.Model.Networks;

/// <summary>
/// Architecture of the free-energy network F_t, an MLP 1 → hidden … → 1 with silu in annealing time;
/// F models -log Z_t, and the loss uses its analytic derivative ∂_t F.
/// </summary>
public sealed class FreeEnergyNetwork
{
    public const string Prefix = "F_t_net.net.";

    public FreeEnergyNetwork(IReadOnlyList<int> hidden)
    {
        if (hidden.Count == 0 || hidden.Any(width => width is < 1 or > 4096))
            throw new LeapsException("The free-energy network needs hidden sizes of 1 to 4096 units.");
        Hidden = [.. hidden];
        Widths = [1, .. hidden, 1];
        Layout = new ParameterLayout(Mlp.Tensors(Prefix, Widths));
    }

    public IReadOnlyList<int> Hidden { get; }
    public int[] Widths { get; }
    public ParameterLayout Layout { get; }

    /// <summary>Seeded initial values: uniform ±1/√fan-in, as PyTorch's Linear.</summary>
    public void Initialise(ParameterSet parameters, ulong seed)
    {
        for (int index = 0; index < Layout.Tensors.Count; index++)
        {
            var stream =
                new RandomStream(seed, RandomPurpose.ParameterInitialisation, walker: index, step: 1);
            Mlp.FillUniform(parameters[Layout.Tensors[index].Name], Widths[index / 2], ref stream);
        }
        parameters.RoundToSingle();
    }
}
