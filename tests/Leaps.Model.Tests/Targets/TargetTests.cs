using Leaps.Model.Random;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Targets;

/// <summary>Energies against plain sums over bonds, and time derivatives against finite
/// differences.</summary>
public sealed class TargetTests
{
    public static TheoryData<int, int, int, ScheduleShape> Cases()
    {
        var cases = new TheoryData<int, int, int, ScheduleShape>();
        foreach (int q in (ReadOnlySpan<int>)[2, 3, 5])
        {
            (int, int)[] lattices = [(2, 2), (2, 3), (3, 2), (4, 5), (3, 3)];
            foreach (var (rows, columns) in lattices)
            {
                foreach (var shape in Enum.GetValues<ScheduleShape>())
                    cases.Add(q, rows, columns, shape);
            }
        }
        return cases;
    }

    // Every coupling moves (β too), and the field has a moment.
    private static Target Make(int q, int rows, int columns, ScheduleShape shape)
    {
        double field = q == 2 ? 0.6 : 0;
        var schedule = new CouplingSchedule(
            shape, new Couplings(0, 0, 0.3, 0.5), new Couplings(0.9, field, 0.7, 1.4), 0.35);
        var lattice = new Lattice(rows, columns);
        return q == 2 ? new IsingTarget(lattice, schedule) : new PottsTarget(lattice, q, schedule);
    }

    private static byte[] RandomState(Target target, long step)
    {
        var stream = new RandomStream(5, RandomPurpose.Test, target.Sites, step);
        var state = new byte[target.Sites];
        foreach (ref byte value in state.AsSpan())
            value = (byte)stream.NextInt(target.States);
        return state;
    }

    // U_t from the definition: each site contributes its right and its down bond.
    private static double BruteForce(Target target, byte[] state, double t)
    {
        var (rows, columns) = (target.Lattice.Rows, target.Lattice.Columns);
        var c = target.Schedule.At(t);
        double energy = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int own = state[row * columns + column];
                int right = state[row * columns + (column + 1) % columns];
                int down = state[(row + 1) % rows * columns + column];
                if (target is IsingTarget)
                {
                    int s = 2 * own - 1;
                    energy -= c.Bond * s * (2 * right - 1 + 2 * down - 1) + c.Site * s;
                }
                else
                {
                    energy -= c.Bond * ((own == right ? 1 : 0) + (own == down ? 1 : 0));
                }
            }
        }
        return energy;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Energies_and_differences_agree_with_brute_force(
        int q, int rows, int columns, ScheduleShape shape)
    {
        var target = Make(q, rows, columns, shape);
        var differences = new double[target.Outputs];
        foreach (double t in (ReadOnlySpan<double>)[0, 0.1, 0.2, 0.7, 1])
        {
            byte[] state = RandomState(target, (long)(100 * t));
            Assert.Equal(BruteForce(target, state, t), target.Energy(state, t), 1e-12);
            target.EnergyDifferences(state, t, differences);
            for (int output = 0; output < target.OutputsPerSite; output++)
            {
                for (int i = 0; i < target.Sites; i++)
                {
                    var moved = (byte[])state.Clone();
                    moved[i] = target.Successor(state[i], output);
                    double expected = BruteForce(target, moved, t) - BruteForce(target, state, t);
                    Assert.Equal(expected, differences[output * target.Sites + i], 1e-12);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_time_derivative_of_the_energy_agrees_with_finite_differences(
        int q, int rows, int columns, ScheduleShape shape)
    {
        var target = Make(q, rows, columns, shape);
        byte[] state = RandomState(target, 1);
        const double h = 1e-5;
        // Kept clear of t = 0.2, where the switch schedule has a corner.
        foreach (double t in (ReadOnlySpan<double>)[0.05, 0.15, 0.3, 0.5, 0.8, 0.95])
        {
            double numeric = (target.Energy(state, t + h) - target.Energy(state, t - h)) / (2 * h);
            Assert.Equal(numeric, target.EnergyTimeDerivative(state, t), 1e-6);
        }
    }

    [Theory]
    [InlineData(ScheduleShape.Linear)]
    [InlineData(ScheduleShape.Trig)]
    [InlineData(ScheduleShape.Switch)]
    public void A_schedule_starts_uniform_and_ends_at_the_couplings_asked_for(ScheduleShape shape)
    {
        var schedule =
            new CouplingSchedule(shape, new Couplings(0, 0, 1), new Couplings(0.8, 0.3, 1, 2), 0.4);
        var (start, end) = (schedule.At(0), schedule.At(1));
        Assert.Equal((0.0, 0.0), (start.Bond, start.Site));
        double beta = shape == ScheduleShape.Trig ? 1 : schedule.End.InverseTemperature;
        Assert.Equal(0.8 * beta, end.Bond);
        Assert.Equal(0.6 * beta, end.Site, 1e-15);
    }

    [Fact]
    public void A_side_of_two_has_double_bonds()
    {
        var ising = Lattices.Ising(2, 2, 1, 0);
        Assert.Equal((8, 4), ising.Statistics([1, 1, 1, 1]));
        Assert.Equal((0, 2), ising.Statistics([0, 1, 1, 1]));
        Assert.Equal((-8, 0), ising.Statistics([0, 1, 1, 0]));
        Assert.Equal((4, 0), Lattices.Potts(2, 2, 3, 1).Statistics([0, 2, 2, 2]));
    }

    [Fact]
    public void Senseless_targets_are_refused()
    {
        var schedule =
            new CouplingSchedule(ScheduleShape.Linear, new Couplings(0.1, 0, 1), new Couplings(1, 0, 1));
        Assert.Contains("uniform", Assert.Throws<LeapsException>(() =>
            new IsingTarget(new Lattice(3, 3), schedule)).Message, StringComparison.Ordinal);
        Assert.Throws<LeapsException>(() => new Lattice(1, 5));
        Assert.Throws<LeapsException>(() => Lattices.Potts(3, 3, 65, 1));
        Assert.Throws<LeapsException>(() => new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(double.NaN, 0, 1)));
        var withField =
            new CouplingSchedule(ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(1, 0.5, 1));
        Assert.Throws<LeapsException>(() => new PottsTarget(new Lattice(3, 3), 3, withField));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, -1)]
    [InlineData(64, 1)]
    public void At_the_largest_couplings_no_factor_and_no_energy_overflows(int q, int sign)
    {
        const int sites = 1 << 24;      // of the largest lattice
        double largest = sign * CouplingSchedule.LargestCoupling;
        Target target = q == 2 ? Lattices.Ising(3, 3, largest, largest) : Lattices.Potts(3, 3, q, largest);
        var factors = new double[target.Levels];
        RateMatrix.BoltzmannFactors(target, 1, factors);
        // The loss squares K, a sum over all jumps.
        double k = (double)sites * target.OutputsPerSite * factors.Max();
        Assert.True(double.IsFinite(k * k), $"{k}");
        Assert.InRange(Math.Abs(target.Energy(new byte[9], 1) / 9 * sites), 1, 1e11);
    }

    [Theory]
    [InlineData(ScheduleShape.Linear, 0, 30.01, 1, 1, 0, 0, "βJ is 30.01 at t = 1;")]
    [InlineData(ScheduleShape.Linear, 0, -1e300, 1, 1e300, 0, 0, "βJ is -Infinity at t = 1;")]
    [InlineData(ScheduleShape.Linear, 0, 1, 1, 1, 0, -40, "βh is -40 at t = 1;")]
    [InlineData(ScheduleShape.Linear, 0, 20, 20, 0, 0, 0, "βJ is 32.")]         // inside, up to 100
    [InlineData(ScheduleShape.Trig, 0, 25, 1, 1, 0, 0, "βJ is 30.")]            // up to 30.2
    public void Couplings_are_bounded_along_the_whole_path(ScheduleShape shape, double j0, double j1,
        double beta0, double beta1, double h0, double h1, string message)
    {
        var error = Assert.Throws<LeapsException>(() =>
            new CouplingSchedule(shape, new Couplings(j0, h0, beta0), new Couplings(j1, h1, beta1)));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.EndsWith("allowed: ±30 on the whole path.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1e300)]
    public void A_switch_value_outside_the_ramp_is_refused(double value)
    {
        var (start, end) = (new Couplings(0, 0, 1), new Couplings(1, 0, 1));
        var error = Assert.Throws<LeapsException>(() =>
            new CouplingSchedule(ScheduleShape.Switch, start, end, value));
        Assert.EndsWith("allowed: 0 to 1.", error.Message, StringComparison.Ordinal);
        Assert.Equal(value, new CouplingSchedule(ScheduleShape.Linear, start, end, value).SwitchValue);
    }
}
