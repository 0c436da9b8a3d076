using Leaps.Host.Configuration;
using Leaps.Model.Devices;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>A configuration's network on its device, from a file or with seeded initial parameters.</summary>
/// <param name="Model">architecture and parameters</param>
/// <param name="Device">holds the same parameters</param>
/// <param name="Warnings">what the reader of results must know of it</param>
internal sealed record PreparedNetwork(LeapsModel Model, RateNetwork Device, IReadOnlyList<string> Warnings)
{
    /// <summary>SHA-256 of the parameters that the model has now.</summary>
    public string Sha256 => ParameterVersion.Of(0, Model.Parameters).Sha256;

    /// <summary>Takes over parameters of the same network.</summary>
    public void Load(ParameterSet parameters)
    {
        parameters.Values.CopyTo(Model.Parameters.Values, 0);
        Device.Load(Model.Parameters);
    }

    /// <summary>Null where the configuration has no network.</summary>
    /// <exception cref="Leaps.Model.LeapsException">
    /// The model file can't be read, or does not fit the target or the configuration.
    /// </exception>
    public static PreparedNetwork? Of(RunConfiguration configuration, Target target)
    {
        if (configuration.Network is not { } wanted)
            return null;
        if (wanted.Model is { } path)
        {
            var source = ModelSource.Open(path);
            var model = source.RequireFit(target, wanted);
            bool differs = configuration.Train is null && source.IsTrainedForAnother(target);
            return new PreparedNetwork(model, OnDevice(model), !differs ? [] :
            [
                $"The model was trained for other couplings ({TargetDescription.Subtitle(source.Target!)}). "
                + "The weights account for it, but the relative ESS suffers.",
            ]);
        }
        var fresh = wanted.CreateModel(target);
        fresh.Initialise(configuration.Seed);
        return new PreparedNetwork(fresh, OnDevice(fresh), []);
    }

    public static RateNetwork OnDevice(LeapsModel model)
    {
        var network = new SimdNetwork(model.Network);
        network.Load(model.Parameters);
        return network;
    }
}
