using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Host.Configuration;

/// <summary>Reads the section 'network' and checks it against the lattice.</summary>
internal static class NetworkReader
{
    public static NetworkConfiguration Read(ConfigValue node, Target target)
    {
        var section = new Section(node.Node, node.Path);
        var defaults = new NetworkConfiguration();
        var configuration = defaults with
        {
            Padding = section["padding"]?.OneOf<FirstPadding>() ?? defaults.Padding,
            EmbeddingMaxNorm = section["embedding-max-norm"]?.Flag() ?? defaults.EmbeddingMaxNorm,
            Model = section["model"]?.Text(),
        };
        if (configuration.EmbeddingMaxNorm && target.Name != "potts")
            throw section["embedding-max-norm"]!.Value.Origin.Error(
                "'network.embedding-max-norm' is for model: potts only");
        if (section["free-energy"] is { } freeEnergy)
        {
            var widths = ReadWidths(freeEnergy);
            freeEnergy.Origin.Guard(() => new FreeEnergyNetwork(widths));
            configuration = configuration with { FreeEnergy = widths };
        }

        if (configuration.Model is not null && section["kernels"] is null)
        {
            if (section["channels"] is { } channels)
                throw channels.Origin.Error(
                    "'network.channels' is the model file's; leave it out, or give 'network.kernels' too");
            return configuration;
        }
        var kernels = section.Require(
            "kernels", "the kernel sizes, e.g. [3, 5]; or give 'network.model', a model file");
        configuration = configuration with { Kernels = ReadKernels(kernels, target.Lattice), Channels = 1 };
        kernels.Origin.Guard(() => configuration.CreateModel(target));
        configuration = configuration with { Channels = section["channels"]?.Integer() ?? defaults.Channels };
        (section["channels"]?.Origin ?? kernels.Origin).Guard(() => configuration.CreateModel(target));
        return configuration;
    }

    private static List<Window> ReadKernels(ConfigValue value, Lattice lattice)
    {
        var windows = new List<Window>();
        foreach (var item in value.Items("a list of sizes, e.g. [3, 5]"))
        {
            var (rows, columns) = item.Sides();
            var window = new Window(rows, columns);
            windows.Add(item.Origin.Guard(() =>
            {
                window.Validate(lattice);
                return window;
            }));
        }
        return windows;
    }

    private static List<int> ReadWidths(ConfigValue value) =>
        [.. value.Items("a list of hidden sizes, e.g. [32, 32]").Select(item => item.Integer())];
}
