using Leaps.Model.Networks;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Training;

/// <summary>Adam against steps worked out by hand and against the formulas of its paper.</summary>
public sealed class AdamTests
{
    // The corrected moments of a constant gradient g are g and g²: every step is rate · g / (|g| + 1e-8).
    [Fact]
    public void A_constant_gradient_moves_every_parameter_by_the_rate_whatever_its_size()
    {
        double[] gradient = [1e-3, -250, 0, 4e-8], values = [1, 1, 1, 0];
        var adam = new Adam(4);
        for (int step = 1; step <= 20; step++)
        {
            adam.Step(values, gradient, learningRate: 0.125);
            Assert.Equal(step, adam.Steps);
            Assert.Equal(1 - 0.125 * step * 1e-3 / (1e-3 + 1e-8), values[0], 1e-5);
            Assert.Equal(1 + 0.125 * step, values[1], 1e-5);
            Assert.Equal(1, values[2]);
            Assert.Equal(-0.125 * step * 0.8, values[3], 1e-5);     // 4e-8 / (4e-8 + 1e-8)
        }
    }

    // By hand, rate 0.1, g = 1 then -2: m = 0.1, v = 0.001, step 0.1; then m = -0.11, v = 0.004999,
    // m̂ = -0.11/0.19, v̂ = 0.004999/0.001999, step 0.1 · m̂ / √v̂ = -0.036610.
    [Fact]
    public void Two_steps_are_those_worked_out_by_hand()
    {
        double[] values = [0];
        var adam = new Adam(1);
        adam.Step(values, [1], 0.1);
        Assert.Equal((float)-0.1, values[0], 1e-7);
        Assert.Equal(0.1, adam.FirstMoment[0], 1e-15);
        Assert.Equal(0.001, adam.SecondMoment[0], 1e-15);
        adam.Step(values, [-2], 0.1);
        Assert.Equal(-0.11, adam.FirstMoment[0], 1e-15);
        Assert.Equal(0.004999, adam.SecondMoment[0], 1e-15);
        Assert.Equal(-0.1 + 0.1 * (0.11 / 0.19) / Math.Sqrt(0.004999 / 0.001999), values[0], 1e-7);
        Assert.Equal(-0.063390, values[0], 1e-6);
    }

    // m_t = (1-β1) Σ β1^{t-s} g_s, and so v_t: the sums written out, with a rate of its own for every step.
    [Fact]
    public void Many_steps_are_those_of_the_paper_and_parameters_stay_in_single_precision()
    {
        const int steps = 200;
        double[] values = [0.3, -1.7], expected = [0.3, -1.7];
        var gradients = new double[steps, 2];
        var adam = new Adam(2);
        for (int t = 1; t <= steps; t++)
        {
            for (int i = 0; i < 2; i++)
                gradients[t - 1, i] = Math.Sin(0.3 * t + i) * (i == 0 ? 1e-4 : 30) + 0.1 * i;
            double rate = 1e-2 * Math.Pow(0.99, t);
            adam.Step(values, [gradients[t - 1, 0], gradients[t - 1, 1]], rate);
            for (int i = 0; i < 2; i++)
            {
                double m = 0, v = 0;
                for (int s = 1; s <= t; s++)
                {
                    double g = gradients[s - 1, i];
                    m += 0.1 * Math.Pow(0.9, t - s) * g;
                    v += 0.001 * Math.Pow(0.999, t - s) * g * g;
                }
                m /= 1 - Math.Pow(0.9, t);
                v /= 1 - Math.Pow(0.999, t);
                expected[i] -= rate * m / (Math.Sqrt(v) + 1e-8);
                Assert.Equal(expected[i], values[i], 1e-5);
                Assert.Equal((float)values[i], values[i]);
            }
        }
    }

    [Fact]
    public void A_gradient_longer_than_the_limit_is_scaled_down_to_it_and_a_shorter_one_kept()
    {
        double[] gradient = [3, -4];
        Assert.Equal(5, Adam.ClipNorm(gradient, 10));
        Assert.Equal([3, -4], gradient);
        Assert.Equal(5, Adam.ClipNorm(gradient, 0));        // 0: no limit
        Assert.Equal([3, -4], gradient);
        Assert.Equal(5, Adam.ClipNorm(gradient, 0.5));
        Assert.Equal(0.3, gradient[0], 1e-15);
        Assert.Equal(-0.4, gradient[1], 1e-15);
    }

    [Theory]
    [InlineData(0, 3e-4)]
    [InlineData(999, 3e-4)]
    [InlineData(1000, 3e-4 * 0.995)]
    [InlineData(1999, 3e-4 * 0.995)]
    [InlineData(2000, 3e-4 * 0.995 * 0.995)]
    [InlineData(400_000, 4.0395e-5)]        // 3e-4 · 0.995^400
    public void The_learning_rate_falls_by_the_factor_every_so_many_updates(int update, double expected)
    {
        var options = new TrainingOptions { LearningRate = 3e-4, DecayEvery = 1000, DecayFactor = 0.995 };
        Assert.Equal(expected, Trainer(options).LearningRate(update), 1e-4 * expected);
    }

    [Fact]
    public void Without_a_decay_the_learning_rate_stays() => Assert.Equal(
        3e-4, Trainer(new TrainingOptions { LearningRate = 3e-4, DecayEvery = 0 }).LearningRate(1_000_000));

    private static Trainer Trainer(TrainingOptions options)
    {
        var target = TrainingCase.Target("ising");
        LeapsModel model = TrainingCase.Model(target);
        return new Trainer(
            target, model, TrainingCase.Simd(model), options with { PoolWalkers = 1, Batch = 8 });
    }
}
