using Leaps.Model.Devices.Simd;
using Leaps.Model.GroundTruth;
using Leaps.Model.Sampling;
using Leaps.Model.Storage.Import;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// The published Ising checkpoint (L = 15, βJ = 0.4407) sampled by both integrators, against Kaufman's exact
/// log Z and the published Euler value. The file is not part of the repository; without it these tests skip.
/// </summary>
public sealed class PublishedCheckpointTests
{
    private const double ExactLogRatio = 53.868;        // log(Z_1/Z_0)

    [Fact]
    public void Exact_windows_give_the_exact_log_Z_of_the_published_model()
    {
        var (logRatio, error, relativeEss) = Sample(IntegratorKind.Exact, walkers: 1000, windows: 20);
        string result = $"{logRatio} ± {error}, relative ESS {relativeEss}";
        Assert.True(error < 0.04, result);
        Assert.True(Math.Abs(logRatio - ExactLogRatio) < 4 * error, result);
        Assert.True(relativeEss > 0.6, result);
    }

    // Published: 53.162 ± 0.017, that is 0.71 below the exact value.
    [Fact]
    public void A_hundred_Euler_steps_show_the_bias_measured_with_the_reference()
    {
        var (logRatio, error, relativeEss) = Sample(IntegratorKind.Euler, walkers: 200, windows: 100);
        string result = $"{logRatio} ± {error}, relative ESS {relativeEss}";
        Assert.True(error < 0.06, result);
        Assert.True(Math.Abs(logRatio - 53.162) < 4 * Math.Sqrt(error * error + 0.017 * 0.017), result);
        Assert.True(ExactLogRatio - logRatio > 6 * error, result);
    }

    private static (double LogRatio, double StdErr, double RelativeEss) Sample(
        IntegratorKind integrator, int walkers, int windows)
    {
        var checkpoint = ReferenceCheckpoint.Import(ReferenceData.Require("ising_final.ckpt"));
        var target = checkpoint.Target;
        Assert.Equal(ExactLogRatio,
            ExactAnswer.For(target, 1).LogNormalizer!.Value - target.LogInitialNormalizer, 1e-3);
        var network = new SimdNetwork(checkpoint.Model.Network);
        network.Load(checkpoint.Model.Parameters);
        var annealer = new Annealer(target, network, new AnnealerOptions
        {
            Walkers = walkers,
            Windows = windows,
            Integrator = integrator,
            ResamplingThreshold = 0,
        });
        WindowSummary? last = null;
        annealer.Run(summary => last = summary, TestContext.Current.CancellationToken);
        return (last!.LogZ - target.LogInitialNormalizer, last.LogZStdErr, last.RelativeEss);
    }
}
