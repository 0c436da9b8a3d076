using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// Both integrators from a fixed state through one window against the enumerated chain: transitions and
/// numbers of jumps by chi-square (score below 4.5, false-alarm rate 3e-6 a test), weights by their means
/// (below 4.5 standard errors). Seeds are fixed.
/// </summary>
public sealed class IntegratorTests
{
    private const int Walkers = 60_000;
    private const double MeanBound = 4.5;
    private static readonly TimeWindow s_window = new(3, 0.3, 0.9);

    public static TheoryData<string, int> Starts =>
        new MatrixTheoryData<string, int>(["ising", "potts"], [1, 7]);

    [Theory]
    [MemberData(nameof(Starts))]
    public void Exact_transitions_are_those_of_the_matrix_exponential(string kind, int start)
    {
        var (target, network) = Case(kind);
        var chain = new FrozenChain(target, network, s_window.Midpoint);
        var (population, cost) = Move(IntegratorKind.Exact, target, network, start);
        double[] expected = chain.Transition(start, s_window.Length);
        Assert.Equal(1, expected.Sum(), 1e-12);
        double score = ChiSquare.Score(Counts(target, population), expected);
        Assert.True(score < ChiSquare.Bound, $"{kind} from {start}: {score}");
        Assert.Equal(Walkers + cost.Jumps, cost.Evaluations);
    }

    [Theory]
    [MemberData(nameof(Starts))]
    public void The_number_of_jumps_is_that_of_the_chain(string kind, int start)
    {
        const int most = 12, walkers = 20_000;
        var (target, network) = Case(kind);
        var chain = new FrozenChain(target, network, s_window.Midpoint);
        var population = Start(target, start, walkers);
        var integrator = Integrator.Create(IntegratorKind.Exact, target, network.CreateEvaluator(), seed: 2);
        var counts = new long[most + 1];
        for (int m = 0; m < walkers; m++)
            counts[Math.Min(most, (int)integrator.Advance(population, m, 1, s_window).Jumps)]++;
        double[] expected = chain.JumpCounts(start, s_window.Length, most);
        Assert.Equal(1, expected.Sum(), 1e-12);
        Assert.True(expected[1] + expected[2] > 0.3, "hardly any jumps");
        double score = ChiSquare.Score(counts, expected);
        Assert.True(score < ChiSquare.Bound, $"{kind} from {start}: {score}");
    }

    // E[e^a; end] = e^{-(U_{t*} - U_{t_n})(start)} · Feynman–Kac · e^{-(U_{t_{n+1}} - U_{t*})(end)}.
    [Theory]
    [MemberData(nameof(Starts))]
    public void Exact_weights_have_the_mean_of_the_Feynman_Kac_formula_for_every_end(string kind, int start)
    {
        var (target, network) = Case(kind);
        var chain = new FrozenChain(target, network, s_window.Midpoint);
        var (population, _) = Move(IntegratorKind.Exact, target, network, start);
        double[] expected = chain.Weighted(start, s_window.Length);
        double before = EnergyStep(start, s_window.Start, s_window.Midpoint);
        for (int y = 0; y < expected.Length; y++)
            expected[y] *= Math.Exp(-before - EnergyStep(y, s_window.Midpoint, s_window.End));
        double[] sums = new double[expected.Length], squares = new double[expected.Length];
        for (int m = 0; m < Walkers; m++)
        {
            int y = Lattices.Number(target, population.State(m));
            double weight = Math.Exp(population.LogWeights[m]);
            sums[y] += weight;
            squares[y] += weight * weight;
        }
        int compared = 0;
        for (int y = 0; y < expected.Length; y++)
        {
            double mean = sums[y] / Walkers;
            double error = Math.Sqrt(Math.Max(0, squares[y] / Walkers - mean * mean) / Walkers);
            if (expected[y] < 1e-3)
                continue;       // hardly ever reached
            compared++;
            Assert.True(Math.Abs(mean - expected[y]) < MeanBound * error,
                $"{kind} from {start} to {y}: {mean} ± {error}, exact {expected[y]}");
        }
        Assert.True(compared >= 8, $"only {compared} ends");
        double total = sums.Sum() / Walkers;
        double totalError = Math.Sqrt((squares.Sum() / Walkers - total * total) / Walkers);
        Assert.True(totalError < 0.01 * total);
        Assert.Equal(expected.Sum(), total, MeanBound * totalError);

        double EnergyStep(int number, double from, double to)
        {
            byte[] state = Lattices.State(target, number);
            return target.Energy(state, to) - target.Energy(state, from);
        }
    }

    [Theory]
    [MemberData(nameof(Starts))]
    public void Euler_moves_every_site_by_itself_with_the_probabilities_of_its_rates(string kind, int start)
    {
        var (target, network) = Case(kind);
        var chain = new FrozenChain(target, network, s_window.Start);
        var (population, cost) = Move(IntegratorKind.Euler, target, network, start);
        double[] expected = chain.EulerStep(start, s_window.Length);
        Assert.Equal(1, expected.Sum(), 1e-12);
        double score = ChiSquare.Score(Counts(target, population), expected);
        Assert.True(score < ChiSquare.Bound, $"{kind} from {start}: {score}");
        Assert.Equal(Walkers, cost.Evaluations);
    }

    [Theory]
    [MemberData(nameof(Starts))]
    public void Euler_weighs_the_state_before_the_step_at_the_time_before(string kind, int start)
    {
        var (target, network) = Case(kind);
        var chain = new FrozenChain(target, network, s_window.Start);
        var (population, _) = Move(IntegratorKind.Euler, target, network, start);
        double slope = target.EnergyTimeDerivative(Lattices.State(target, start), s_window.Start);
        double expected = s_window.Length * (-slope + chain.Outgoing[start] - chain.Incoming[start]);
        Assert.All(population.LogWeights, weight => Assert.Equal(expected, weight, 1e-6));
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Without_rates_nothing_jumps_and_the_exact_weights_are_the_energy_difference(string kind)
    {
        var (target, _) = Case(kind);
        var silent = SmallNetwork.Simd(target, seed: 1, meanOutput: 0);
        foreach (var network in (RateNetwork?[])[silent, null])
        {
            var annealer = new Annealer(target, network, new AnnealerOptions
            {
                Walkers = 500,
                Windows = 7,
                ResamplingThreshold = 0,
                Grid = TimeGridKind.Exp2,
            });
            byte[] before = [.. annealer.Start().Walkers.States];
            var state = annealer.Run(cancellation: TestContext.Current.CancellationToken);
            Assert.Equal(before, state.Walkers.States);
            Assert.Equal(0, state.Cost.Jumps);
            for (int m = 0; m < state.Walkers.Count; m++)
            {
                var x = state.Walkers.State(m);
                double expected = target.Energy(x, 0) - target.Energy(x, 1);
                Assert.Equal(expected, state.Walkers.LogWeights[m], 1e-12);
            }
        }
    }

    [Theory]
    [InlineData("ising", IntegratorKind.Exact, "λ_f - λ_b")]
    [InlineData("potts", IntegratorKind.Exact, "λ_f - λ_b")]
    [InlineData("ising", IntegratorKind.Euler, "K")]
    [InlineData("potts", IntegratorKind.Euler, "K")]
    public void Parameters_that_are_no_numbers_stop_the_run_and_walker_window_and_term_are_named(
        string kind, IntegratorKind integrator, string term)
    {
        var (target, network) = Case(kind);
        var architecture = SmallNetwork.Architecture(target);
        var parameters = SmallNetwork.Parameters(target, architecture, seed: 1, meanOutput: 1);
        var options = new AnnealerOptions { Walkers = 1000, Windows = 5, Integrator = integrator };
        var annealer = new Annealer(target, network, options);
        var state = annealer.Start();
        annealer.Advance(state, TestContext.Current.CancellationToken);
        annealer.Advance(state, TestContext.Current.CancellationToken);
        parameters[LocallyEquivariantConv.Prefix + "linear"][1] = double.NaN;
        network.Load(parameters);
        var error = Assert.Throws<LeapsException>(
            () => annealer.Advance(state, TestContext.Current.CancellationToken));
        Assert.Matches(@"^Walker \d+, window 2 \(t = 0\.4 to 0\.6\): " + term + @" is NaN\. ", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData(IntegratorKind.Exact, "ising", true)]
    [InlineData(IntegratorKind.Exact, "potts", true)]
    [InlineData(IntegratorKind.Euler, "ising", true)]
    [InlineData(IntegratorKind.Euler, "potts", true)]
    [InlineData(IntegratorKind.Exact, "ising", false)]
    public void After_warm_up_a_block_goes_through_a_window_without_allocating(
        IntegratorKind kind, string targetKind, bool simd)
    {
        var (target, network) = Case(targetKind);
        if (!simd)
            network = SmallNetwork.Reference(target, seed: 6, meanOutput: 1);
        var integrator = Integrator.Create(kind, target, network.CreateEvaluator(), seed: 1);
        var population = Start(target, 3, integrator.BlockWalkers);
        for (int n = 0; n < 3; n++)
            integrator.Advance(population, 0, population.Count, new TimeWindow(n, 0.1 * n, 0.1 * (n + 1)));
        long jumps = 0;
        Assert.Equal(0, Allocation.Of(
            () => jumps += integrator.Advance(population, 0, population.Count, s_window).Jumps));
        Assert.True(jumps > 0);
    }

    // 2×3 and 2×2 lattices: 64 and 81 states; outputs of order one.
    private static (Target Target, RateNetwork Network) Case(string kind)
    {
        Target target = kind == "ising" ? Lattices.Ising(2, 3, 0.2, 0.15) : Lattices.Potts(2, 2, 3, 0.4);
        return (target, SmallNetwork.Simd(target, seed: 7, meanOutput: 0.7));
    }

    private static Walkers Start(Target target, int state, int walkers)
    {
        var population = new Walkers(walkers, target.Sites);
        for (int m = 0; m < walkers; m++)
            Lattices.State(target, state).CopyTo(population.State(m));
        return population;
    }

    private static (Walkers Population, IntegrationCost Cost) Move(
        IntegratorKind kind, Target target, RateNetwork network, int start)
    {
        var population = Start(target, start, Walkers);
        var integrator = Integrator.Create(kind, target, network.CreateEvaluator(), seed: 1);
        IntegrationCost cost = default;
        for (int first = 0; first < Walkers; first += integrator.BlockWalkers)
        {
            int count = Math.Min(integrator.BlockWalkers, Walkers - first);
            cost += integrator.Advance(population, first, count, s_window);
        }
        return (population, cost);
    }

    private static long[] Counts(Target target, Walkers population)
    {
        var counts = new long[Lattices.Count(target)];
        for (int m = 0; m < population.Count; m++)
            counts[Lattices.Number(target, population.State(m))]++;
        return counts;
    }
}
