using System.Text.Json;
using Leaps.Model.Networks;
using Leaps.Model.Storage;
using Leaps.Model.Storage.Import;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Storage;

public class ReferenceCheckpointTests
{
    [Theory]
    [InlineData("ising", 400_000)]
    [InlineData("potts", 876_000)]
    public void The_published_checkpoints_are_imported_exactly(string kind, int updates)
    {
        var imported = ReferenceCheckpoint.Import(ReferenceData.Require($"{kind}_final.ckpt"));
        byte[] json = File.ReadAllBytes(ReferenceData.Require($"{kind}_weights.json"));
        using var weights = JsonDocument.Parse(json);
        var model = imported.Model;
        Assert.Equal(model.Layout.Tensors.Count, weights.RootElement.GetArrayLength());
        foreach (var tensor in weights.RootElement.EnumerateArray())
        {
            string name = tensor.GetProperty("name").GetString()!;
            var shape = tensor.GetProperty("shape").EnumerateArray().Select(side => side.GetInt32());
            // The JSON has nine digits, which name one float32.
            var data = tensor.GetProperty("data").EnumerateArray().Select(value => (double)value.GetSingle());
            Assert.Equal(shape, model.Layout[name].Shape);
            Assert.Equal(data, model.Parameters[name].ToArray());
        }
        Assert.Equal(updates, imported.Updates);
        Assert.Equal(FirstPadding.Zeros, model.Network.Padding);
        Assert.Equal(kind == "potts", model.Network.EmbeddingMaxNorm);
        Assert.Equal([3, 5, 7, 9, 15], model.Network.Windows.Select(window => window.Rows));
        Assert.Equal(kind == "potts" ? 3 : 2, imported.Target.States);
        double beta = kind == "potts" ? 1.001 : 0.4407;
        Assert.Equal(new Couplings(0, 0, beta, 0), imported.Target.Schedule.Start);
        Assert.Equal(new Couplings(1, 0, beta, 0), imported.Target.Schedule.End);
        Assert.Equal("L=15", imported.Target.Lattice.ToString());
    }

    [Fact]
    public void An_imported_model_survives_our_own_file()
    {
        using var folder = new TemporaryFolder();
        var imported = ReferenceCheckpoint.Import(ReferenceData.Require("potts_final.ckpt"));
        ModelFile.Save(folder["m"], imported.Model, imported.Target);
        var read = ModelFile.Load(folder["m"]);
        Assert.Equal(imported.Model.Parameters.Values, read.Model.Parameters.Values);
        Assert.Equal(imported.Target.Schedule.End, read.Target!.Schedule.End);
    }

    [Theory]
    [InlineData("little")]
    [InlineData(null)]
    public void A_small_checkpoint_is_imported_exactly(string? byteOrder)
    {
        using var folder = new TemporaryFolder();
        var writer = new CheckpointWriter { ByteOrder = byteOrder };
        var imported = ReferenceCheckpoint.Import(writer.Write(folder));
        Assert.Equal(writer.Model.Parameters.Values, imported.Model.Parameters.Values);
        Assert.Equal(400_000, imported.Updates);
        Assert.Empty(imported.Config.Notes);
    }

    [Fact]
    public void A_transposed_view_with_an_offset_is_gathered()
    {
        using var folder = new TemporaryFolder();
        var writer = new CheckpointWriter();
        // b1 [2, 9] becomes the transpose of a stored [9, 2] that begins after three other numbers.
        var (_, values) = writer.Tensors["net.network.convs.0.b1"];
        var random = new System.Random(1);
        float[] stored = [.. Enumerable.Range(0, 21).Select(_ => random.NextSingle())];
        writer.Tensors["net.network.convs.0.b1"] = ([2, 9], stored);
        byte[] pickle = writer.Pickle();
        Replace(pickle, new PickleWriter().Value(0).Tuple(2, 9).Tuple(9, 1),
            new PickleWriter().Value(3).Tuple(2, 9).Tuple(1, 2));
        var imported = ReferenceCheckpoint.Import(writer.Write(folder, pickle));
        Assert.Equal(18, values.Length);
        Assert.Equal(Enumerable.Range(0, 18).Select(i => (double)stored[3 + i / 9 + 2 * (i % 9)]),
            imported.Model.Parameters["net.network.convs.0.b1"].ToArray());
    }

    [Theory]
    [InlineData("path", "switch", "does not end at the given couplings")]
    [InlineData("path", "spiral", "'spiral'")]
    [InlineData("target", "xy", "'xy'")]
    [InlineData("arch", "attn", "only the convolution")]
    [InlineData("L", 5, null)]
    [InlineData("L", 1, "at least 2")]
    [InlineData("L", 2, "larger than the lattice")]
    [InlineData("L", "many", "not a whole number")]
    [InlineData("L", null, "L is missing")]
    [InlineData("num_channels", 3, "asks for [3, 1, 3, 3]")]
    [InlineData("num_channels", 1000, "1000 channels")]
    [InlineData("kernel_sizes", 3, "not a list")]
    [InlineData("J_0", 0.5, "must be uniform")]
    [InlineData("beta_1", double.NaN, "not a number")]
    [InlineData("in_channels", 2, "in_channels is 2")]
    public void A_configuration_is_followed_or_refused_by_its_key(string key, object? value, string? reason)
    {
        using var folder = new TemporaryFolder();
        var writer = new CheckpointWriter();
        writer.Config[key] = value;
        if (reason is null)
            Import(writer.Write(folder));
        else
            Hostile.Refuses(writer.Write(folder), Import, reason);
    }

    [Fact]
    public void Tensors_that_do_not_belong_are_refused_by_name()
    {
        Refused(w => w.Tensors.Remove("F_t_net.net.0.bias"), "lacks 'F_t_net.net.0.bias'");
        Refused(w => w.Tensors["net.more"] = ([1], [1]), "'net.more'");
        Refused(w => w.Tensors["net.network.linear"] = ([1, 2], [1, 2]), "has the shape [1, 2]");
        Refused(w => w.Tensors["net.network.linear"] = ([2], [1, float.NaN]), "linear' holds NaN");
        Refused(w => w.Tensors[CheckpointWriter.Mask] = ([2, 1, 3, 3], new float[18]), "not 0 in the centre");
        Refused(w => w.ByteOrder = "big", "'big'");

        static void Refused(Action<CheckpointWriter> spoil, string reason)
        {
            using var folder = new TemporaryFolder();
            var writer = new CheckpointWriter();
            spoil(writer);
            Hostile.Refuses(writer.Write(folder), Import, reason);
        }
    }

    [Theory]
    [InlineData(18, 1, 9, 1, "needs more than the 18 numbers")]
    [InlineData(18, -1, 9, 1, "needs more")]
    [InlineData(18, 0, 10, 1, "needs more")]
    [InlineData(18, 0, -9, 1, "malformed shape")]
    [InlineData(2, 0, 0, 0, "needs more")]
    [InlineData(17, 0, 9, 1, "needs more")]
    [InlineData(19, 0, 9, 1, "19 float32 numbers are announced")]
    [InlineData(-1, 0, 9, 1, "something else than a stored")]
    [InlineData(int.MaxValue, int.MaxValue - 18, 9, 1, "are announced")]
    public void A_view_that_leaves_its_storage_is_refused(
        int elements, int offset, int stride0, int stride1, string reason)
    {
        using var folder = new TemporaryFolder();
        var writer = new CheckpointWriter();
        byte[] pickle = writer.Pickle();
        Replace(pickle, new PickleWriter().Value(18).Raw("tQ").Value(0).Tuple(2, 9).Tuple(9, 1),
            new PickleWriter().Value(elements).Raw("tQ").Value(offset).Tuple(2, 9).Tuple(stride0, stride1));
        Hostile.Refuses(writer.Write(folder, pickle), Import, reason);
    }

    [Fact]
    public void Truncated_and_damaged_checkpoints_give_one_clear_line()
    {
        using var folder = new TemporaryFolder();
        var writer = new CheckpointWriter();
        string path = writer.Write(folder);
        Hostile.RefusesEveryTruncation(path, Import, step: 211);
        Hostile.SurvivesDamage(path, Import, rounds: 300);
        // Damage inside the pickle alone, so that the checksum does not catch it.
        byte[] pickle = writer.Pickle();
        var random = new System.Random(2);
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = (byte[])pickle.Clone();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            int cut = round % 3 == 0 ? random.Next(damaged.Length) : damaged.Length;
            try
            {
                Import(writer.Write(folder, damaged[..cut]));
            }
            catch (LeapsException refusal)
            {
                Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
            }
        }
    }

    private static void Import(string path) => ReferenceCheckpoint.Import(path);

    /// <summary>Replaces opcodes by as many others.</summary>
    private static void Replace(byte[] pickle, PickleWriter former, PickleWriter other)
    {
        byte[] search = former.End()[2..^1], replacement = other.End()[2..^1];
        Assert.Equal(search.Length, replacement.Length);
        int at = pickle.AsSpan().IndexOf(search);
        Assert.True(at > 0);
        replacement.CopyTo(pickle, at);
    }
}
