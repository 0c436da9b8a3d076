using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Random;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Host.Tests.Execution;

public sealed class RatesJobTests : IDisposable
{
    private const double Time = 0.3;

    private readonly TemporaryFolder _folder = new();
    private readonly Program _program = new();

    public void Dispose() => _folder.Dispose();

    private string Output => _folder.PathOf("out.npz");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_output_is_the_reference_networks(bool potts)
    {
        const int count = 70, sites = 12;
        var model = Save(potts, out Target target);
        var stream = new RandomStream(5, RandomPurpose.Test);
        var states = new byte[count * sites];
        foreach (ref byte value in states.AsSpan())
            value = (byte)stream.NextInt(target.States);
        sbyte[] values = [.. states.Select(value => (sbyte)(potts ? value : 2 * value - 1))];

        var result = Rates(Tensor("states", [count, 3, 4], values));

        Assert.Equal(count, result.GetProperty("states").GetInt32());
        var output = NpzFile.Read(Output)["output"];
        Assert.Equal(potts ? [count, 3, 3, 4] : [count, 3, 4], output.Shape);
        var reference = new ReferenceNetwork(model.Network);
        reference.Load(model.Parameters);
        var expected = new float[count * target.Outputs];
        reference.CreateEvaluator().Evaluate(states, count, Time, expected);
        var found = output.As<float>();
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], found[i], 1e-4f);
        for (int k = 0; potts && k < states.Length; k++)
            Assert.Equal(0, found[(k / sites * 3 + states[k]) * sites + k % sites]);
    }

    [Fact]
    public void States_that_are_none_are_refused_and_nothing_is_written()
    {
        Save(potts: false, out _);
        var good = new sbyte[24];
        Array.Fill(good, (sbyte)1);
        sbyte[] bad = [.. good];
        bad[17] = 0;
        string file = _folder.PathOf("states.npz");

        Assert.Equal($"{file}: 'states'[1, 1, 1] is 0; allowed: -1 and 1",
            Refusal(Tensor("states", [2, 3, 4], bad)));
        Assert.Equal($"{file}: 'states' is Int8 [2, 4, 3]; the model needs [n, 3, 4]",
            Refusal(Tensor("states", [2, 4, 3], good)));
        Assert.Equal($"{file}: there is no array 'states' in it; give int8 [n, rows, columns]",
            Refusal(Tensor("spins", [2, 3, 4], good)));
        Assert.Equal($"{file}: 'states' is Float32 [1, 3, 4]; give whole numbers, int8",
            Refusal(NamedTensor.Create<float>("states", [1, 3, 4], new float[12])));
        Assert.False(File.Exists(Output));
        Save(potts: true, out _);
        Assert.Equal($"{file}: 'states'[0, 0, 0] is -1; allowed: 0 to 2",
            Refusal(Tensor("states", [1, 3, 4], [-1, .. good.AsSpan(0, 11)])));
        NpyFile.Write(file, Tensor("states", [2, 3, 4], good));
        Assert.Equal($"{file}: it is a .npy, a single array; make an .npz of it in Python: "
            + "numpy.savez('new.npz', states=numpy.load('old.npy'))", _program.Refusal(Arguments));
        File.WriteAllText(Output, "mine");
        Assert.Equal($"{Output} exists already: choose another name, or remove it first.",
            Refusal(Tensor("states", [2, 3, 4], good)));
        Assert.Equal("mine", File.ReadAllText(Output));
    }

    private System.Text.Json.JsonElement Rates(NamedTensor states)
    {
        NpzFile.Write(_folder.PathOf("states.npz"), [states]);
        return _program.Json(Arguments);
    }

    private string Refusal(NamedTensor states)
    {
        NpzFile.Write(_folder.PathOf("states.npz"), [states]);
        return _program.Refusal(Arguments);
    }

    private string[] Arguments =>
    [
        "rates", "--model", _folder.PathOf("m.safetensors"), "--states", _folder.PathOf("states.npz"),
        "--time", "0.3", "--out", Output,
    ];

    private LeapsModel Save(bool potts, out Target target)
    {
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(1, 0, 1));
        var lattice = new Lattice(3, 4);
        target = potts ? new PottsTarget(lattice, 3, schedule) : new IsingTarget(lattice, schedule);
        var model = new LeapsModel(
            new LocallyEquivariantConv(target, [new Window(3, 3), new Window(3, 4)], 4),
            new FreeEnergyNetwork([4]));
        model.Initialise(3, outputScale: 1);
        ModelFile.Save(_folder.PathOf("m.safetensors"), model);
        return model;
    }

    private static NamedTensor Tensor(string name, int[] shape, ReadOnlySpan<sbyte> values) =>
        NamedTensor.Create(name, shape, values);
}
