using System.Text.Json;
using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Devices;

/// <summary>
/// A network, its target and a batch of (state, time) pairs, read from files written with the PyTorch
/// reference implementation.
/// </summary>
public sealed class GoldenCase
{
    private GoldenCase(LeapsModel model, Target target, byte[] states, double[] times, JsonElement root)
    {
        Model = model;
        Target = target;
        States = states;
        Times = times;
        Root = root;
    }

    public LeapsModel Model { get; }
    public Target Target { get; }

    /// <summary>(pairs, sites)</summary>
    public byte[] States { get; }

    /// <summary>(pairs)</summary>
    public double[] Times { get; }
    public JsonElement Root { get; }

    public ReadOnlySpan<byte> State(int pair) => States.AsSpan(pair * Target.Sites, Target.Sites);

    /// <summary>A small random network in float64; every expected value is in the file.</summary>
    public static GoldenCase Tiny(string file)
    {
        var root = Read(Path.Combine(AppContext.BaseDirectory, "data", "tiny", file));
        bool potts = root.GetProperty("kind").GetString() == "potts";
        double[] End(string name) => Doubles(root.GetProperty("schedule").GetProperty(name));
        double[] j = End("J"), h = End("h"), beta = End("beta");
        // h = μB with μ from 0 to 1 and B from 0 to its end.
        var schedule = new CouplingSchedule(ScheduleShape.Linear,
            new Couplings(j[0], h[0], beta[0], Moment: 0), new Couplings(j[1], h[1], beta[1], Moment: 1));
        int side = root.GetProperty("L").GetInt32();
        Target target = potts
            ? new PottsTarget(new Lattice(side, side), root.GetProperty("q").GetInt32(), schedule)
            : new IsingTarget(new Lattice(side, side), schedule);
        var padding = root.GetProperty("first_convolution_padding").GetString() == "zeros"
            ? FirstPadding.Zeros
            : FirstPadding.Periodic;
        Window[] windows =
            [.. Doubles(root.GetProperty("kernel_sizes")).Select(k => new Window((int)k, (int)k))];
        int channels = root.GetProperty("channels").GetInt32();
        var network = new LocallyEquivariantConv(target, windows, channels, padding);
        var hidden = Doubles(root.GetProperty("free_energy_hidden")).Select(width => (int)width).ToArray();
        var model = new LeapsModel(network, new FreeEnergyNetwork(hidden));
        Fill(model.Parameters, root.GetProperty("weights"));
        double[] times = Doubles(root.GetProperty("times"));
        byte[] states = [.. root.GetProperty("states").EnumerateArray().SelectMany(s => States8(s, potts))];
        return new GoldenCase(model, target, states, times, root);
    }

    /// <summary>The published checkpoint "ising" or "potts", L = 15, and 20 pairs; skips if absent.</summary>
    public static GoldenCase Published(string kind)
    {
        var root = Read(ReferenceData.Require(kind + ".json"));
        bool potts = kind == "potts";
        double beta = root.GetProperty("beta").GetDouble();
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, beta), new Couplings(1, 0, beta));
        var lattice = new Lattice(15, 15);
        Target target = potts ? new PottsTarget(lattice, 3, schedule) : new IsingTarget(lattice, schedule);
        Window[] windows = [new(3, 3), new(5, 5), new(7, 7), new(9, 9), new(15, 15)];
        var network = new LocallyEquivariantConv(
            target, windows, channels: 20, FirstPadding.Zeros, embeddingMaxNorm: true);
        var model = new LeapsModel(network, new FreeEnergyNetwork([200, 200, 200, 200]));
        Fill(model.Parameters, Read(ReferenceData.Require(kind + "_weights.json")));
        model.Parameters.RoundToSingle();
        byte[][] configurations =
            [.. root.GetProperty("configs").EnumerateArray().Select(s => States8(s, potts).ToArray())];
        var pairs = root.GetProperty("pairs").EnumerateArray().ToArray();
        byte[] states = [.. pairs.SelectMany(pair => configurations[pair.GetProperty("config").GetInt32()])];
        double[] times = [.. pairs.Select(pair => pair.GetProperty("t").GetDouble())];
        return new GoldenCase(model, target, states, times, root);
    }

    public static JsonElement Read(string path)
    {
        using var stream = File.OpenRead(path);
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    public static double[] Doubles(JsonElement array) =>
        [.. array.EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>A state or a list of values as bytes: spins ±1 become {1, 0}, Potts values stay.</summary>
    public static IEnumerable<byte> States8(JsonElement values, bool potts) =>
        values.EnumerateArray().Select(v => (byte)(potts ? v.GetInt32() : (v.GetInt32() + 1) / 2));

    /// <summary>Name, as ours, and values of every tensor of a list.</summary>
    public static IEnumerable<(string Name, double[] Values)> Tensors(JsonElement list)
    {
        foreach (var tensor in list.EnumerateArray())
        {
            string name = tensor.GetProperty("name").GetString()!;
            if (name.StartsWith("F.net.", StringComparison.Ordinal))
                name = FreeEnergyNetwork.Prefix + name["F.net.".Length..];
            yield return (name, Doubles(tensor.GetProperty("data")));
        }
    }

    private static void Fill(ParameterSet parameters, JsonElement list)
    {
        int filled = 0;
        foreach (var (name, values) in Tensors(list))
        {
            Assert.Equal(parameters.Layout[name].Length, values.Length);
            values.CopyTo(parameters[name]);
            filled += values.Length;
        }
        Assert.Equal(parameters.Layout.Count, filled);
    }
}
