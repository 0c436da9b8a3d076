using Leaps.Host.Configuration;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>
/// A configuration's network on its devices, from a file or with seeded initial parameters.
/// </summary>
/// <param name="Model">architecture and parameters</param>
/// <param name="Devices">where it is</param>
/// <param name="Networks">one on each device; they hold the same parameters</param>
/// <param name="Warnings">what the reader of results must know of it</param>
internal sealed record PreparedNetwork(LeapsModel Model, RunDevices Devices,
    IReadOnlyList<RateNetwork> Networks, IReadOnlyList<string> Warnings) : IDisposable
{
    /// <summary>The first of them, for what one device does.</summary>
    public RateNetwork Device => Networks[0];

    /// <summary>SHA-256 of the parameters that the model has now.</summary>
    public string Sha256 => ParameterVersion.Of(0, Model.Parameters).Sha256;

    /// <summary>Takes over parameters of the same network.</summary>
    public void Load(ParameterSet parameters)
    {
        parameters.Values.CopyTo(Model.Parameters.Values, 0);
        foreach (var network in Networks)
            network.Load(Model.Parameters);
    }

    /// <summary>The devices have their memory back. Whatever the networks made is gone before.</summary>
    public void Dispose()
    {
        foreach (var network in Networks)
            network.Dispose();
    }

    /// <summary>Null where the configuration has no network.</summary>
    /// <param name="configuration">of the run</param>
    /// <param name="target">its target</param>
    /// <param name="devices">for the network</param>
    /// <exception cref="Leaps.Model.LeapsException">
    /// The model file can't be read, or does not fit the target or the configuration; or a device failed.
    /// </exception>
    public static PreparedNetwork? Of(RunConfiguration configuration, Target target, RunDevices devices)
    {
        if (configuration.Network is not { } wanted)
            return null;
        if (wanted.Model is { } path)
        {
            var source = ModelSource.Open(path);
            var model = source.RequireFit(target, wanted);
            bool differs = configuration.Train is null && source.IsTrainedForAnother(target);
            return new PreparedNetwork(model, devices, devices.CreateNetworks(model), !differs ? [] :
            [
                $"The model was trained for other couplings ({TargetDescription.Subtitle(source.Target!)}). "
                + "The weights account for it, but the relative ESS suffers.",
            ]);
        }
        var fresh = wanted.CreateModel(target);
        fresh.Initialise(configuration.Seed);
        return new PreparedNetwork(fresh, devices, devices.CreateNetworks(fresh), []);
    }
}
