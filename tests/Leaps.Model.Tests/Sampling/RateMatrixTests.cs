using Leaps.Model.Devices.Reference;
using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Tests.Devices;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// The sums over jumps against the rate matrix itself, enumerated: every state of a small lattice, with the
/// network evaluated at each.
/// </summary>
public sealed class RateMatrixTests
{
    private const double Time = 0.6;

    public static TheoryData<string> Kinds => ["ising", "potts"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_incoming_rate_is_the_inflow_from_every_neighbour_evaluated_there(string kind)
    {
        var (target, network) = Case(kind);
        var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
        foreach (byte[] state in States(target).Where((_, number) => number % 5 == 0))
        {
            var rates = Rates(target, evaluator, state);
            double outgoing = 0, incoming = 0;
            foreach (var (site, output, neighbour) in Neighbours(target, state))
            {
                byte back = target.OutputsPerSite == 1 ? (byte)0 : state[site];
                double there = evaluator.Forward(state, Time)[output * target.Sites + site];
                double here = evaluator.Forward(neighbour, Time)[back * target.Sites + site];
                outgoing += Math.Max(0, there);
                incoming += Math.Max(0, here)
                    * Math.Exp(target.Energy(state, Time) - target.Energy(neighbour, Time));
            }
            Assert.Equal(outgoing, rates.Outgoing, 1e-12 * Math.Max(1, outgoing));
            Assert.Equal(incoming, rates.Incoming, 1e-12 * Math.Max(1, incoming));
        }
    }

    // Σ_x ρ(x) λ_f(x) = Σ_x Σ_y ρ(x) Q(x → y) = Σ_y ρ(y) λ_b(y): what leaves arrives.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_mean_of_K_under_the_density_is_the_slope_of_the_log_normalizer(string kind)
    {
        const double step = 1e-5;
        var (target, network) = Case(kind);
        var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
        double normalizer = 0, mean = 0, corrector = 0;
        foreach (byte[] state in States(target))
        {
            double density = Math.Exp(-target.Energy(state, Time));
            var rates = Rates(target, evaluator, state);
            normalizer += density;
            corrector += density * rates.Corrector;
            mean += density * RateMatrix.LogWeightRate(target.EnergyTimeDerivative(state, Time), rates);
        }
        double slope = (LogNormalizer(Time + step) - LogNormalizer(Time - step)) / (2 * step);
        Assert.Equal(0, corrector / normalizer, 1e-12);
        Assert.Equal(slope, mean / normalizer, 1e-8);

        double LogNormalizer(double t) =>
            Math.Log(States(target).Sum(state => Math.Exp(-target.Energy(state, t))));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Single_and_double_precision_agree_and_the_gradient_is_that_of_finite_differences(string kind)
    {
        const double step = 1e-6, scale = -1.7;
        var (target, network) = Case(kind);
        var evaluator = (ReferenceEvaluator)network.CreateEvaluator();
        byte[] state = States(target).ElementAt(37);
        var single = new float[target.Outputs];
        evaluator.Evaluate(state, 1, Time, single);
        double[] outputs = [.. single.Select(g => (double)g)];
        var levels = new byte[target.Outputs];
        var factors = new double[target.Levels];
        target.LocalLevels(state, levels);
        RateMatrix.BoltzmannFactors(target, Time, factors);
        Assert.Equal(RateMatrix.Totals(outputs, levels, factors), RateMatrix.Totals(single, levels, factors));

        var gradient = new double[outputs.Length];
        var singleGradient = new float[outputs.Length];
        RateMatrix.LogWeightRateGradient(outputs, levels, factors, scale, gradient);
        RateMatrix.LogWeightRateGradient(single, levels, factors, scale, singleGradient);
        for (int o = 0; o < outputs.Length; o++)
        {
            Assert.Equal((float)gradient[o], singleGradient[o]);
            if (outputs[o] == 0)
            {
                Assert.Equal(0, gradient[o]);
                continue;
            }
            double value = outputs[o];
            outputs[o] = value + step;
            double above = RateMatrix.Totals(outputs, levels, factors).Corrector;
            outputs[o] = value - step;
            double below = RateMatrix.Totals(outputs, levels, factors).Corrector;
            outputs[o] = value;
            Assert.Equal(scale * (above - below) / (2 * step), gradient[o], 1e-7);
        }
    }

    [Fact]
    public void A_NaN_is_not_lost()
    {
        var rates = RateMatrix.Totals([1f, float.NaN, -1f], [0, 0, 0], [1.0]);
        Assert.True(double.IsNaN(rates.Corrector));
    }

    private static (Target Target, ReferenceNetwork Network) Case(string kind)
    {
        var schedule = new CouplingSchedule(ScheduleShape.Linear,
            new Couplings(0, 0, 0.5), new Couplings(1, kind == "ising" ? 0.3 : 0, 0.8));
        Target target = kind == "ising"
            ? new IsingTarget(new Lattice(2, 4), schedule)
            : new PottsTarget(new Lattice(2, 3), 3, schedule);
        var architecture = new LocallyEquivariantConv(target,
            [new Window(2, 3), new Window(2, target.Lattice.Columns)], channels: 3);
        var network = new ReferenceNetwork(architecture);
        network.Load(RandomNetwork.RandomParameters(architecture, seed: 11));
        return (target, network);
    }

    private static TotalRates Rates(Target target, ReferenceEvaluator evaluator, byte[] state)
    {
        var levels = new byte[target.Outputs];
        var factors = new double[target.Levels];
        target.LocalLevels(state, levels);
        RateMatrix.BoltzmannFactors(target, Time, factors);
        return RateMatrix.Totals(evaluator.Forward(state, Time), levels, factors);
    }

    private static IEnumerable<byte[]> States(Target target)
    {
        int count = (int)Math.Pow(target.States, target.Sites);
        for (int number = 0; number < count; number++)
        {
            var state = new byte[target.Sites];
            for (int i = 0, rest = number; i < state.Length; i++, rest /= target.States)
                state[i] = (byte)(rest % target.States);
            yield return state;
        }
    }

    private static IEnumerable<(int Site, int Output, byte[] Neighbour)> Neighbours(
        Target target, byte[] state)
    {
        for (int i = 0; i < target.Sites; i++)
        {
            for (int output = 0; output < target.OutputsPerSite; output++)
            {
                byte[] neighbour = (byte[])state.Clone();
                neighbour[i] = target.Successor(state[i], output);
                if (neighbour[i] != state[i])
                    yield return (i, output, neighbour);
            }
        }
    }
}
