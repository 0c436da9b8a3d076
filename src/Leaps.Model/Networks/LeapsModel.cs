namespace Leaps.Model.Networks;

/// <summary>A rate network and its free-energy network with one parameter vector for both.</summary>
public sealed class LeapsModel
{
    public LeapsModel(LocallyEquivariantConv network, FreeEnergyNetwork freeEnergy)
    {
        Network = network;
        FreeEnergy = freeEnergy;
        Layout = new ParameterLayout(network.Layout.Tensors.Concat(freeEnergy.Layout.Tensors)
            .Select(tensor => (tensor.Name, tensor.Shape)));
        Parameters = new ParameterSet(Layout);
    }

    public LocallyEquivariantConv Network { get; }
    public FreeEnergyNetwork FreeEnergy { get; }
    public ParameterLayout Layout { get; }
    public ParameterSet Parameters { get; }

    /// <summary>Seeded initial values for both networks.</summary>
    public void Initialise(ulong seed, double outputScale = 0.1)
    {
        Network.Initialise(Parameters, seed, outputScale);
        FreeEnergy.Initialise(Parameters, seed);
    }
}
