using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Storage;

public class ModelFileTests
{
    private static readonly IsingTarget Ising = new(new Lattice(4, 6), new CouplingSchedule(
        ScheduleShape.Switch, new Couplings(0, 0, 0.1, -3), new Couplings(1, 1.0 / 3, 0.4407, 2.5),
        switchValue: 0.1 + 0.2));

    private static readonly PottsTarget Potts = new(new Lattice(3, 3), 4, new CouplingSchedule(
        ScheduleShape.Trig, new Couplings(0, 0, 1.001), new Couplings(1, 0, Math.BitDecrement(1.001))));

    public static TheoryData<bool> Kinds => [false, true];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_model_comes_back_bit_by_bit_with_its_target_and_notes(bool potts)
    {
        using var folder = new TemporaryFolder();
        var model = Model(potts);
        Target target = potts ? Potts : Ising;
        var notes = new Dictionary<string, string> { ["updates"] = "12" };
        ModelFile.Save(folder["m.safetensors"], model, target, notes);
        var read = ModelFile.Load(folder["m.safetensors"]);
        Assert.Equal(model.Parameters.Values, read.Model.Parameters.Values);
        Assert.Equal(model.Network.Windows, read.Model.Network.Windows);
        Assert.Equal(model.Network.Padding, read.Model.Network.Padding);
        Assert.Equal(model.Network.EmbeddingMaxNorm, read.Model.Network.EmbeddingMaxNorm);
        Assert.Equal(model.FreeEnergy.Hidden, read.Model.FreeEnergy.Hidden);
        Assert.Equal("12", read.Metadata["updates"]);
        AssertEqual(target, read.Target!);
        Assert.All(SafeTensors.Read(folder["m.safetensors"]).Tensors,
            tensor => Assert.Equal(ElementType.Float32, tensor.Type));
    }

    [Fact]
    public void A_tensor_off_the_float32_grid_is_kept_in_double()
    {
        using var folder = new TemporaryFolder();
        var model = Model(potts: false);
        model.Parameters["net.network.linear"][0] = 0.1;
        ModelFile.Save(folder["m.safetensors"], model);
        var file = SafeTensors.Read(folder["m.safetensors"]);
        var doubles = file.Tensors.Where(tensor => tensor.Type == ElementType.Float64);
        Assert.Equal(["net.network.linear"], doubles.Select(tensor => tensor.Name));
        var read = ModelFile.Load(folder["m.safetensors"]);
        Assert.Equal(model.Parameters.Values, read.Model.Parameters.Values);
        Assert.Null(read.Target);
    }

    [Fact]
    public void The_target_survives_its_metadata_bit_by_bit()
    {
        AssertEqual(Ising, TargetMetadata.Read(TargetMetadata.Write(Ising))!);
        AssertEqual(Potts, TargetMetadata.Read(TargetMetadata.Write(Potts))!);
        Assert.Null(TargetMetadata.Read(new Dictionary<string, string>()));
    }

    [Theory]
    [InlineData("format", "leaps-model/2", "'leaps-model/2'")]
    [InlineData("format", null, "lacks 'format'")]
    [InlineData("network.kind", "xy", "'network.kind' = 'xy'")]
    [InlineData("network.windows", "3x3", "at least two kernel sizes")]
    [InlineData("network.windows", "3x3,9x9", "larger than the lattice")]
    [InlineData("network.windows", "3x3,3", "rows x columns")]
    [InlineData("network.windows", "3x3,2000000000x2000000000", "more than")]
    [InlineData("network.channels", "2", "asks for [2]")]
    [InlineData("network.channels", "-1", "a whole number")]
    [InlineData("network.channels", null, "lacks 'network.channels'")]
    [InlineData("network.states", "3", "for an Ising network")]
    [InlineData("network.padding", "none", "'periodic' or 'zeros'")]
    [InlineData("network.free_energy_hidden", "5", "F_t_net.net.2.weight")]
    [InlineData("network.free_energy_hidden", "5,7,7", "F_t_net.net.4.weight")]
    [InlineData("network.free_energy_hidden", "2000000000,2000000000", "more than")]
    [InlineData("network.free_energy_hidden", "", "a whole number")]
    [InlineData("network.lattice", "4x8", "Kernel size 4×6 is even")]
    [InlineData("network.lattice", "100000x100000", "100000×100000")]
    [InlineData("target.lattice", "6x4", "the target has 6×4")]
    [InlineData("target.kind", "potts", "no field")]
    [InlineData("schedule.end.beta", "NaN", "a number")]
    [InlineData("schedule.end.beta", null, "lacks 'schedule.end.beta'")]
    [InlineData("schedule.shape", "wavy", "'linear' or 'trig' or 'switch'")]
    public void Metadata_that_do_not_describe_the_tensors_are_refused(
        string key, string? value, string reason)
    {
        using var folder = new TemporaryFolder();
        var file = Saved(folder);
        var metadata = new Dictionary<string, string>(file.Metadata);
        if (value is null)
            metadata.Remove(key);
        else
            metadata[key] = value;
        SafeTensors.Write(folder["bad"], new TensorFile(file.Tensors, metadata));
        Hostile.Refuses(folder["bad"], Load, reason);
    }

    [Fact]
    public void Missing_extra_misshapen_and_broken_tensors_are_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var file = Saved(folder);
        var first = file["net.network.convs.0.b1"];
        var others = file.Tensors.Where(tensor => tensor != first).ToList();
        var broken = first.ToDoubles();
        broken[4] = double.NegativeInfinity;
        Refused(others, "holds no tensor 'net.network.convs.0.b1'");
        Refused([.. file.Tensors, NamedTensor.Create<float>("more", [1], [1])], "'more' does not belong");
        Refused([.. others, new(first.Name, first.Type, [first.Length], first.Data)], "asks for [3, 9]");
        Refused([.. others, new(first.Name, ElementType.Int32, first.Shape, first.Data)], "F32 or F64");
        Refused([.. others, NamedTensor.Create<double>(first.Name, first.Shape, broken)], "at position 4");

        void Refused(IEnumerable<NamedTensor> tensors, string reason)
        {
            SafeTensors.Write(folder["bad"], new TensorFile(tensors, file.Metadata));
            Hostile.Refuses(folder["bad"], Load, reason);
        }
    }

    [Fact]
    public void A_model_with_NaN_is_not_saved_and_an_existing_file_can_be_refused()
    {
        using var folder = new TemporaryFolder();
        var model = Model(potts: true);
        ModelFile.Save(folder["m"], model);
        Assert.Throws<LeapsException>(() => ModelFile.Save(folder["m"], model, refuseExisting: true));
        model.Parameters.Values[0] = double.NaN;
        var error = Assert.Throws<LeapsException>(() => ModelFile.Save(folder["m"], model));
        Assert.Contains("net.network.linear", error.Message, StringComparison.Ordinal);
        Load(folder["m"]);
        Assert.Equal(["m"], folder.Names);
    }

    [Fact]
    public void A_model_is_not_saved_with_a_target_that_it_does_not_fit()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<LeapsException>(() => ModelFile.Save(folder["m"], Model(potts: true), Ising));
        Assert.Empty(folder.Names);
    }

    [Fact]
    public void Truncated_and_damaged_models_give_one_clear_line()
    {
        using var folder = new TemporaryFolder();
        ModelFile.Save(folder["m"], Model(potts: true), Potts);
        Hostile.RefusesEveryTruncation(folder["m"], Load, step: 97);
        Hostile.SurvivesDamage(folder["m"], Load, rounds: 300);
    }

    private static void Load(string path) => ModelFile.Load(path);

    private static TensorFile Saved(TemporaryFolder folder)
    {
        ModelFile.Save(folder["m"], Model(potts: false), Ising);
        return SafeTensors.Read(folder["m"]);
    }

    private static LeapsModel Model(bool potts)
    {
        var network = potts
            ? new LocallyEquivariantConv(Potts, [new(3, 3), new(3, 1)], 2, FirstPadding.Zeros, true)
            : new LocallyEquivariantConv(Ising, [new(3, 5), new(3, 3), new(4, 6)], 3);
        var model = new LeapsModel(network, new FreeEnergyNetwork([5, 7]));
        model.Initialise(seed: 7);
        return model;
    }

    private static void AssertEqual(Target expected, Target actual)
    {
        Assert.Equal(expected.Name, actual.Name);
        Assert.Equal(expected.States, actual.States);
        Assert.Equal(expected.Lattice.ToString(), actual.Lattice.ToString());
        Assert.Equal(expected.Schedule.Shape, actual.Schedule.Shape);
        Assert.Equal(expected.Schedule.Start, actual.Schedule.Start);
        Assert.Equal(expected.Schedule.End, actual.Schedule.End);
        Assert.Equal(expected.Schedule.SwitchValue, actual.Schedule.SwitchValue);
    }
}
