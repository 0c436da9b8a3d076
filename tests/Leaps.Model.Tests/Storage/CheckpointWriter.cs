using System.IO.Compression;
using System.Runtime.InteropServices;
using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Storage;

/// <summary>Writes small checkpoints as PyTorch Lightning does, sound or spoilt.</summary>
internal sealed class CheckpointWriter
{
    public const string Mask = "net.network.initial_conv.mask";

    public CheckpointWriter()
    {
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 0.5, 0), new Couplings(1, 0, 0.5, 0));
        var target = new IsingTarget(new Lattice(4, 4), schedule);
        var network = new LocallyEquivariantConv(target, [new(3, 3), new(3, 3)], 2);
        Model = new LeapsModel(network, new FreeEnergyNetwork([3]));
        Model.Initialise(seed: 5);
        foreach (var tensor in Model.Layout.Tensors)
        {
            double[] values = Model.Parameters[tensor.Name].ToArray();
            Tensors[tensor.Name] = (tensor.Shape, [.. values.Select(value => (float)value)]);
        }
        Tensors[Mask] = ([2, 1, 3, 3], [.. Enumerable.Range(0, 18).Select(i => i % 9 == 4 ? 0f : 1f)]);
    }

    public LeapsModel Model { get; }

    public Dictionary<string, object?> Config { get; } = new()
    {
        ["target"] = "ising",
        ["L"] = 4,
        ["path"] = "linear",
        ["kernel_sizes"] = new object[] { 3, 3 },
        ["num_channels"] = 2,
        ["F_hidden_sizes"] = new object[] { 3 },
        ["ckpt_fname"] = null,
        ["J_0"] = 0.0,
        ["J_1"] = 1.0,
        ["mu_0"] = 0.0,
        ["mu_1"] = 0.0,
        ["B_0"] = 0.0,
        ["B_1"] = 0.0,
        ["beta_0"] = 0.5,
        ["beta_1"] = 0.5,
        ["use_buffer"] = true,
        ["in_channels"] = 1,
    };

    public Dictionary<string, (int[] Shape, float[] Values)> Tensors { get; } = [];

    /// <summary>Extra opcodes for one more member of the outermost dictionary.</summary>
    public Action<PickleWriter>? More { get; set; }

    public string? ByteOrder { get; set; } = "little";

    public byte[] Pickle()
    {
        int key = 0;
        var pickle = new PickleWriter();
        var members = new List<(string, Action<PickleWriter>)>
        {
            ("global_step", p => p.Value(400_000)),
            ("state_dict", p => p.Dictionary(Tensors.Keys.Select(name => (name, Tensor(name))))),
            ("hyper_parameters", p => p.Dictionary([("config", WriteConfig)])),
        };
        if (More is not null)
            members.Add(("more", More));
        return pickle.Dictionary(members).End();

        Action<PickleWriter> Tensor(string name) => p =>
        {
            var (shape, values) = Tensors[name];
            p.Tensor($"{key++}", values.Length, 0, shape, Strides(shape));
        };
    }

    public string Write(TemporaryFolder folder, byte[]? pickle = null)
    {
        using var zip = new ZipArchive(File.Create(folder["c.ckpt"]), ZipArchiveMode.Create);
        Add("archive/data.pkl", pickle ?? Pickle());
        if (ByteOrder is not null)
            Add("archive/byteorder", System.Text.Encoding.ASCII.GetBytes(ByteOrder));
        int key = 0;
        foreach (var (_, values) in Tensors.Values)
            Add($"archive/data/{key++}", MemoryMarshal.AsBytes<float>(values));
        return folder["c.ckpt"];

        void Add(string name, ReadOnlySpan<byte> bytes)
        {
            using var stream = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
            stream.Write(bytes);
        }
    }

    public static int[] Strides(int[] shape)
    {
        var strides = new int[shape.Length];
        int step = 1;
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            strides[d] = step;
            step *= shape[d];
        }
        return strides;
    }

    private void WriteConfig(PickleWriter pickle)
    {
        pickle.Global("argparse", "Namespace").Raw([(byte)')', 0x81]);
        pickle.Dictionary(Config.Keys.Select(key => (key, Value(key)))).Raw("b");

        Action<PickleWriter> Value(string key) => p => p.Value(Config[key]);
    }
}
