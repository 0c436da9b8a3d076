using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Sampling.Mcmc;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling.Mcmc;

/// <summary>
/// Every kernel against enumerated probabilities. Exact matrices are checked for invariance and detailed
/// balance to rounding; the kernels' counted transitions are checked against the matrices, and one sweep of
/// exact samples against ρ_t, by chi-square with fixed seeds and score below 4.5 (false-alarm rate 3e-6 a
/// test).
/// </summary>
public sealed class McmcKernelTests
{
    private const double Time = 0.8;

    public static TheoryData<McmcKernelKind, int, int, int, double, double> Cases()
    {
        var cases = new TheoryData<McmcKernelKind, int, int, int, double, double>();
        foreach (var kind in Enum.GetValues<McmcKernelKind>())
        {
            if (kind == McmcKernelKind.None)
                continue;
            cases.Add(kind, 2, 2, 2, 0.5, 0);
            cases.Add(kind, 2, 2, 2, 0.3, 0.25);
            cases.Add(kind, 2, 2, 3, 0.4, -0.15);
            cases.Add(kind, 3, 2, 2, 0.7, 0);
            if (kind is not (McmcKernelKind.SwendsenWang or McmcKernelKind.Wolff))
            {
                cases.Add(kind, 2, 2, 3, -0.5, 0.3);
                cases.Add(kind, 3, 2, 2, -0.6, 0);
            }
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Counted_transitions_are_those_of_the_exact_matrix(
        McmcKernelKind kind, int q, int rows, int columns, double bond, double field)
    {
        var target = Lattices.Make(q, rows, columns, bond, field);
        var kernel = Make(kind, target, moves: 1);
        double[] density = Lattices.Probabilities(target, Time);
        double[][] matrix = TransitionMatrices.Of(kernel, Time);
        CheckBalance(kind, density, matrix);

        kernel.Prepare(Time);
        var stream = new RandomStream(31, RandomPurpose.Test, (long)kind);
        int trials = 200_000 / matrix.Length;
        double statistic = 0;
        int freedom = 0;
        for (int x = 0; x < matrix.Length; x++)
        {
            var counts = new long[matrix.Length];
            for (int trial = 0; trial < trials; trial++)
            {
                byte[] state = Lattices.State(target, x);
                kernel.Sweep(state, ref stream);
                counts[Lattices.Number(target, state)]++;
            }
            var (value, cells) = ChiSquare.Statistic(counts, matrix[x]);
            statistic += value;
            freedom += cells;
        }
        Assert.InRange(ChiSquare.Score(statistic, freedom), -ChiSquare.Bound, ChiSquare.Bound);
    }

    // Σ_x π(x) P(x→y) = π(y) for all; π(x) P(x→y) = π(y) P(y→x) for those that promise to be reversible.
    private static void CheckBalance(McmcKernelKind kind, double[] density, double[][] matrix)
    {
        for (int y = 0; y < density.Length; y++)
        {
            double inflow = 0;
            for (int x = 0; x < density.Length; x++)
            {
                inflow += density[x] * matrix[x][y];
                if (kind is not (McmcKernelKind.HeatBathSweep or McmcKernelKind.MetropolisSweep))
                    Assert.Equal(density[x] * matrix[x][y], density[y] * matrix[y][x], 1e-14);
            }
            Assert.Equal(density[y], inflow, 1e-13);
            Assert.Equal(1, matrix[y].Sum(), 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Larger))]
    public void A_sweep_leaves_exact_samples_exact(
        McmcKernelKind kind, int q, int rows, int columns, double bond, double field)
    {
        var target = Lattices.Make(q, rows, columns, bond, field);
        var kernel = Make(kind, target);
        kernel.Prepare(Time);
        double[] density = Lattices.Probabilities(target, Time);
        var cumulative = new double[density.Length];
        double sum = 0;
        for (int k = 0; k < density.Length; k++)
            cumulative[k] = sum += density[k];
        var stream = new RandomStream(32, RandomPurpose.Test, (long)kind);
        var counts = new long[density.Length];
        var states = Enumerable.Range(0, density.Length).Select(k => Lattices.State(target, k)).ToArray();
        var state = new byte[target.Sites];
        for (int trial = 0; trial < 100_000; trial++)
        {
            int start = Array.BinarySearch(cumulative, stream.NextDouble() * sum);
            states[Math.Min(start < 0 ? ~start : start, density.Length - 1)].CopyTo(state, 0);
            kernel.Sweep(state, ref stream);
            counts[Lattices.Number(target, state)]++;
        }
        Assert.InRange(ChiSquare.Score(counts, density), -ChiSquare.Bound, ChiSquare.Bound);
    }

    public static TheoryData<McmcKernelKind, int, int, int, double, double> Larger()
    {
        var cases = new TheoryData<McmcKernelKind, int, int, int, double, double>();
        foreach (var kind in Enum.GetValues<McmcKernelKind>())
        {
            if (kind == McmcKernelKind.None)
                continue;
            cases.Add(kind, 2, 3, 3, 0.4, 0.12);
            cases.Add(kind, 3, 2, 3, 0.8, 0);
            cases.Add(kind, 2, 2, 4, 0.35, 0);
        }
        return cases;
    }

    [Fact]
    public void Many_valued_potts_models_draw_their_heat_bath_without_a_table()
    {
        var target = Lattices.Potts(2, 2, 9, 1.5);
        var kernel = new HeatBathSweep(target);
        kernel.Prepare(1);
        var stream = new RandomStream(33, RandomPurpose.Test);
        var counts = new long[9];
        for (int trial = 0; trial < 100_000; trial++)
        {
            // Site 0 goes first; both its neighbours are doubled: 1 has value 4, 2 has value 7.
            byte[] state = [(byte)(trial % 9), 4, 7, 0];
            kernel.Sweep(state, ref stream);
            counts[state[0]]++;
        }
        double[] weights = [1, 1, 1, 1, Math.Exp(3), 1, 1, Math.Exp(3), 1];
        Assert.InRange(ChiSquare.Score(counts, [.. weights.Select(w => w / weights.Sum())]), -4.5, 4.5);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Metropolis_never_proposes_the_present_state(int q)
    {
        // At β = 0 all proposals are accepted, so every move must change exactly the proposed site.
        var target = Lattices.Make(q, 3, 4, 0.5);
        var kernel = new Metropolis(target, moves: 1);
        var sweep = new MetropolisSweep(target);
        var stream = new RandomStream(34, RandomPurpose.Test);
        var state = new byte[target.Sites];
        for (int trial = 0; trial < 2_000; trial++)
        {
            byte[] before = (byte[])state.Clone();
            kernel.Sweep(state, ref stream);
            Assert.Equal(1, before.Zip(state).Count(pair => pair.First != pair.Second));
            before = (byte[])state.Clone();
            sweep.Sweep(state, ref stream);
            Assert.Equal(target.Sites, before.Zip(state).Count(pair => pair.First != pair.Second));
            Assert.All(state, value => Assert.InRange(value, 0, q - 1));
        }
    }

    [Theory]
    [InlineData(McmcKernelKind.HeatBathSweep, 2)]
    [InlineData(McmcKernelKind.HeatBathSweep, 3)]
    [InlineData(McmcKernelKind.SwendsenWang, 2)]
    [InlineData(McmcKernelKind.SwendsenWang, 3)]
    public void At_infinite_temperature_one_sweep_makes_any_state_uniform(McmcKernelKind kind, int q)
    {
        var target = Lattices.Make(q, 2, 3, 0.5, q == 2 ? 0.3 : 0);
        var kernel = Make(kind, target);
        kernel.Prepare(0);
        var stream = new RandomStream(35, RandomPurpose.Test);
        var counts = new long[Lattices.Count(target)];
        var state = new byte[target.Sites];
        for (int trial = 0; trial < 100_000; trial++)
        {
            Array.Clear(state);
            kernel.Sweep(state, ref stream);
            counts[Lattices.Number(target, state)]++;
        }
        var uniform = new double[counts.Length];
        Array.Fill(uniform, 1.0 / counts.Length);
        Assert.InRange(ChiSquare.Score(counts, uniform), -ChiSquare.Bound, ChiSquare.Bound);
    }

    [Theory]
    [InlineData(McmcKernelKind.SwendsenWang, "Swendsen–Wang")]
    [InlineData(McmcKernelKind.Wolff, "Wolff")]
    public void Cluster_kernels_refuse_an_antiferromagnet(McmcKernelKind kind, string name)
    {
        var kernel = Make(kind, Lattices.Ising(4, 4, -0.5, 0));
        string message = Assert.Throws<LeapsException>(() => kernel.Prepare(0.5)).Message;
        Assert.StartsWith(
            $"{name} needs βJ ≥ 0, but it is -0.25 at t = 0.5", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Sweeps_allocate_nothing_and_low_temperatures_stay_finite(int q)
    {
        var target = Lattices.Make(q, 15, 15, CouplingSchedule.LargestCoupling);
        foreach (var kind in Enum.GetValues<McmcKernelKind>())
        {
            if (kind == McmcKernelKind.None)
                continue;
            var kernel = Make(kind, target);
            var stream = new RandomStream(36, RandomPurpose.Test);
            var state = new byte[target.Sites];
            kernel.Sweep(state, ref stream);
            kernel.Prepare(1);
            kernel.Sweep(state, ref stream);
            Assert.Equal(0, Allocation.Of(() =>
            {
                for (int sweep = 0; sweep < 20; sweep++)
                {
                    kernel.Prepare(0.05 * sweep);
                    kernel.Sweep(state, ref stream);
                }
            }));
            Assert.All(state, value => Assert.InRange(value, 0, q - 1));
        }
    }

    [Fact]
    public void The_factory_makes_the_kernel_named_and_none_for_none()
    {
        var target = Lattices.Ising(3, 4, 0.4, 0);
        Assert.Null(McmcKernel.Create(new McmcOptions(), target));
        Assert.IsType<Wolff>(McmcKernel.Create(new McmcOptions { Kernel = McmcKernelKind.Wolff }, target));
        var options = new McmcOptions { Kernel = McmcKernelKind.Metropolis, Moves = 5 };
        Assert.Equal(5, Assert.IsType<Metropolis>(McmcKernel.Create(options, target)).Moves);
        options = options with { Kernel = McmcKernelKind.HeatBath, Moves = 0 };
        Assert.Equal(12, Assert.IsType<HeatBath>(McmcKernel.Create(options, target)).Moves);
    }

    private static McmcKernel Make(McmcKernelKind kind, Target target, int moves = 0) =>
        McmcKernel.Create(new McmcOptions { Kernel = kind, Moves = moves }, target)!;
}
