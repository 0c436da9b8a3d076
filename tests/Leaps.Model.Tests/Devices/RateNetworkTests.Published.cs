using System.Text.Json;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Model.Tests.Devices;

/// <summary>
/// The published checkpoints (Ising and Potts, L = 15, kernels 3 5 7 9 15, 20 channels) against numbers of
/// the PyTorch implementation. The files are not part of the repository; without them these tests skip.
/// </summary>
public abstract partial class RateNetworkTests
{
    // The files give G rounded to float32 and the float64 gradients to nine digits.
    private const double OutputRounding = 1e-5;
    private const double GradientRounding = 2e-8;

    /// <summary>Every how many steps of a published trajectory the weight is checked.</summary>
    protected virtual int TrajectoryStride => 1;

    /// <summary>Skips what takes a device too long.</summary>
    protected virtual void RequireGradients(string kind)
    {
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Outputs_loss_and_every_gradient_of_the_published_checkpoint_match_PyTorch(string kind)
    {
        RequireGradients(kind);
        var golden = GoldenCase.Published(kind);
        var result = ResidualLoss.Compute(golden, Evaluator(golden), Forward, Backward);
        var pairs = golden.Root.GetProperty("pairs").EnumerateArray().ToArray();
        double[] Expected(string name) =>
            [.. pairs.Select(pair => pair.GetProperty("f64").GetProperty(name).GetDouble())];
        double[] Flat(string name) =>
            [.. pairs.SelectMany(pair => GoldenCase.Doubles(pair.GetProperty(name)))];

        AssertClose(Flat("net_raw"), result.Outputs, Math.Max(Tolerance, OutputRounding), "G");
        AssertClose(Flat("delta_energy"), result.EnergyDifferences, 1e-6, "ΔU");
        AssertClose(Expected("U"), result.Energy, 1e-10, "U");
        AssertClose(Expected("dtU"), result.EnergyTimeDerivative, 1e-10, "∂_t U");
        // The files count the inflow as positive: their corrector is λ_b - λ_f.
        AssertClose(Expected("corrector"), [.. result.Corrector.Select(k => -k)], Tolerance, "corrector");
        AssertClose(Expected("F"), result.FreeEnergy, 1e-10, "F");
        AssertClose(Expected("dFdt"), result.FreeEnergyDerivative, 1e-10, "∂_t F");
        AssertClose(Expected("residual_sq"), result.SquaredResidual, Tolerance, "squared residual");
        var loss = golden.Root.GetProperty("loss_mean_over_all_20_pairs").GetProperty("f64");
        AssertClose([loss.GetDouble()], [result.Loss], Tolerance, "loss");

        double gradientTolerance = Math.Max(Tolerance, GradientRounding);
        foreach (var (name, values) in GoldenCase.Tensors(
            GoldenCase.Read(ReferenceData.Require(kind + "_grads_f64.json"))))
        {
            double[] gradient = result.Gradient[name].ToArray();
            if (name.EndsWith("emb.embedding.weight", StringComparison.Ordinal))
                DivideByFrequency(gradient, golden.Root.GetProperty("emb_counts"));
            AssertClose(values, gradient, gradientTolerance, name);
        }
    }

    [Theory]
    [InlineData("ising")]
    [InlineData("potts")]
    public void Log_weights_along_a_published_trajectory_match_PyTorch(string kind)
    {
        var golden = GoldenCase.Published(kind);
        var trajectory = GoldenCase.Read(ReferenceData.Require(kind + "_trajectory.json"));
        var target = golden.Target;
        bool potts = kind == "potts";
        double[] grid = GoldenCase.Doubles(trajectory.GetProperty("grid"));
        byte[] state = [.. GoldenCase.States8(trajectory.GetProperty("x0"), potts)];
        var evaluator = Evaluator(golden);
        var output = new float[target.Outputs];
        var levels = new byte[target.Outputs];
        var factors = new double[target.Levels];
        double before = 0;
        int step = 0;
        foreach (var entry in trajectory.GetProperty("steps").EnumerateArray())
        {
            double logWeight = entry.GetProperty("A_pre").GetDouble();
            double t = grid[step], h = grid[step + 1] - t;
            if (step % TrajectoryStride == 0)
            {
                evaluator.Evaluate(state, 1, t, output);
                target.LocalLevels(state, levels);
                RateMatrix.BoltzmannFactors(target, t, factors);
                var rates = RateMatrix.Totals(output, levels, factors);
                double k = RateMatrix.LogWeightRate(target.EnergyTimeDerivative(state, t), rates);
                // The file's numbers are sums in float32: a few units in the last place of what is summed.
                double bound = 3e-7 * Math.Max(1, Math.Abs(logWeight))
                    + h * Math.Max(2e-6, Tolerance / 10) * (rates.Outgoing + rates.Incoming);
                Assert.True(Math.Abs(before + h * k - logWeight) <= bound,
                    $"step {step}: {before + h * k}, expected {logWeight} ± {bound:G3}");
            }
            before = logWeight;
            Apply(entry, state, potts);
            step++;
        }
        Assert.Equal(grid.Length - 1, step);
    }

    private static void Apply(JsonElement step, byte[] state, bool potts)
    {
        byte[] values = [.. GoldenCase.States8(step.GetProperty("new"), potts)];
        double[] sites = GoldenCase.Doubles(step.GetProperty("changed"));
        for (int k = 0; k < sites.Length; k++)
            state[(int)sites[k]] = values[k];
    }

    // PyTorch's scale_grad_by_freq: row k over the number of look-ups of value k in the batch.
    private static void DivideByFrequency(double[] gradient, JsonElement counts)
    {
        double[] frequency = GoldenCase.Doubles(counts);
        int channels = gradient.Length / frequency.Length;
        for (int k = 0; k < gradient.Length; k++)
            gradient[k] /= frequency[k / channels];
    }
}
