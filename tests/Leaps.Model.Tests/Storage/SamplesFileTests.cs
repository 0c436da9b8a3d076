using Leaps.Model.Sampling;
using Leaps.Model.Storage;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Storage;

public class SamplesFileTests
{
    private static readonly CouplingSchedule Schedule =
        new(ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(1, 0, 1));

    private static readonly Target Ising = new IsingTarget(new Lattice(3, 5), Schedule);
    private static readonly Target Potts = new PottsTarget(new Lattice(3, 5), 4, Schedule);

    public static TheoryData<bool> Kinds => [false, true];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Walkers_come_back_as_they_were_from_the_same_bytes(bool potts)
    {
        using var folder = new TemporaryFolder();
        var target = potts ? Potts : Ising;
        var walkers = Sample(target, 40_000);
        SamplesFile.Write(folder["a.npz"], target, walkers);
        SamplesFile.Write(folder["b.npz"], target, walkers);
        Assert.Equal(File.ReadAllBytes(folder["a.npz"]), File.ReadAllBytes(folder["b.npz"]));
        var read = SamplesFile.Read(folder["a.npz"], target);
        Assert.Equal(walkers.States, read.States);
        Assert.Equal(walkers.LogWeights, read.LogWeights);
        Assert.Equal(walkers.Families, read.Families);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NumPy_reads_the_samples(bool potts)
    {
        const string script = """
            import numpy as np, sys
            z = np.load(sys.argv[1], allow_pickle=False)
            s, w, f = z['states'], z['log_weights'], z['families']
            print(s.dtype, s.shape, w.dtype, w.shape, f.dtype, f.shape)
            print(sorted(set(s.ravel().tolist())))
            checksum = (s.reshape(len(s), -1).astype(int) * np.arange(1, 16)).sum()
            print(int(checksum), repr(float(w[-1])), int(f[-1]))
            """;
        using var folder = new TemporaryFolder();
        var target = potts ? Potts : Ising;
        var walkers = Sample(target, 50);
        SamplesFile.Write(folder["samples.npz"], target, walkers);
        string[] lines = Python.Run(script, "numpy", folder["samples.npz"]).Split('\n');
        int checksum = walkers.States.Select((x, i) => (potts ? x : 2 * x - 1) * (i % 15 + 1)).Sum();
        Assert.Equal("int8 (50, 3, 5) float64 (50,) int32 (50,)", lines[0]);
        Assert.Equal(potts ? "[0, 1, 2, 3]" : "[-1, 1]", lines[1]);
        Assert.Equal($"{checksum} {MathF.PI * -49.0} 7", lines[2]);
    }

    [Fact]
    public void Samples_of_another_target_are_refused()
    {
        using var folder = new TemporaryFolder();
        string path = folder["samples.npz"];
        SamplesFile.Write(path, Potts, Sample(Potts, 50));
        Refused(Ising, "no value of ising");
        Refused(new PottsTarget(new Lattice(3, 5), 3, Schedule), "no value of potts");
        Refused(new PottsTarget(new Lattice(5, 3), 4, Schedule), "the target has 5×3");
        NpzFile.Write(path, NpzFile.Read(path).Tensors.Take(2));
        Refused(Potts, "no tensor 'families'");
        var families = NamedTensor.Create<int>("families", [2], [1, 2]);
        NpzFile.Write(path, [.. NpzFile.Read(path).Tensors, families]);
        Refused(Potts, "there are 50 states");

        void Refused(Target target, string reason) =>
            Hostile.Refuses(path, file => SamplesFile.Read(file, target), reason);
    }

    private static Walkers Sample(Target target, int count)
    {
        var walkers = Walkers.Uniform(target, count, seed: 3);
        for (int m = 0; m < count; m++)
        {
            walkers.LogWeights[m] = MathF.PI * -(double)m;
            walkers.Families[m] = m / 7;
        }
        return walkers;
    }
}
