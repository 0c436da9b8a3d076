using Leaps.Model.Devices;
using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Networks;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>The GPU device in single precision, its kernels run by the emulated driver.</summary>
public class CudaNetworkTests : RateNetworkTests
{
    private readonly Lazy<CudaDevice> _device;

    public CudaNetworkTests() => _device = new Lazy<CudaDevice>(() => OpenDriver().Device(0));

    protected override double Tolerance => 1e-4;

    protected override int RandomNetworks => 20;

    // A published trajectory has 1000 steps of 34 M multiply-adds.
    protected override int TrajectoryStride => 100;

    protected virtual CudaPrecision Precision => CudaPrecision.Single;

    // 4 G multiply-adds for each kind, by emulated tensor cores.
    protected override void RequireGradients(string kind) =>
        Assert.SkipUnless(kind == "ising" && Precision == CudaPrecision.Single,
            "without a GPU the gradients of 20 published pairs take too long, but for Ising's");

    protected virtual CudaDriver OpenDriver() => EmulatedDriver.Require();

    // Each width of the kernels: up to 24 channels, up to 64, more.
    [Theory]
    [InlineData(24)]
    [InlineData(25)]
    [InlineData(65)]
    public void Outputs_and_gradients_match_the_Reference_for_many_channels(int channels)
    {
        AssertMatchesReference(new RandomNetwork(2, FirstPadding.Zeros, 0, channels));
        AssertMatchesReference(new RandomNetwork(2, FirstPadding.Periodic, 3, channels));
    }

    [Fact]
    public void A_batch_larger_than_the_memory_goes_through_in_parts_with_the_same_result()
    {
        var random = new RandomNetwork(3);
        const int walkers = 11;
        byte[] states = random.States(walkers);
        double[] times = random.Times(walkers), u = random.Normals(walkers * random.Architecture.Outputs);
        var driver = EmulatedDriver.Copy();
        var device = CudaDriver.Open(driver.Library).Device(0);
        (float[] Outputs, double[] Gradient, long Launches) Run(long free)
        {
            driver.Set("free", 1 << 30);
            using var network = new CudaNetwork(random.Architecture, device, Precision);
            network.Load(random.Parameters);
            var evaluator = network.CreateEvaluator();
            driver.Set("free", free);
            long launches = driver.Get("launches");
            var output = new float[u.Length];
            var gradient = new double[random.Parameters.Values.Length];
            evaluator.Forward(states, times, output);
            evaluator.Backward([.. u.Select(value => (float)value)], gradient);
            driver.Set("free", 1 << 30);
            ((IDisposable)evaluator).Dispose();
            return (output, gradient, driver.Get("launches") - launches);
        }
        var whole = Run(1 << 30);
        using var probe = new CudaNetwork(random.Architecture, device, Precision);
        var buffers = new TrainingBuffers(probe);
        using var stream = new CudaStream(device);
        using var passes = new NetworkPasses(probe, stream);
        long fixedBytes = buffers.FixedBytes + 8L * random.Architecture.Layout.Count;
        var parts = Run((long)((fixedBytes + 5.5 * (buffers.BytesOfWalker + passes.BytesOfTime)) / 0.8));
        Assert.True(
            parts.Launches >= 2 * whole.Launches, $"{whole.Launches} launches, {parts.Launches} in parts");
        Assert.Equal(whole.Outputs, parts.Outputs);
        AssertClose(whole.Gradient, parts.Gradient, Tolerance, "gradient");
    }

    protected override RateNetwork Create(LocallyEquivariantConv architecture) =>
        new CudaNetwork(architecture, _device.Value, Precision);
}

/// <summary>The same on this machine's GPU.</summary>
public sealed class CudaGpuNetworkTests : CudaNetworkTests
{
    protected override int RandomNetworks => 40;

    protected override int TrajectoryStride => 1;

    protected override CudaDriver OpenDriver() => RealDriver.Require();

    protected override void RequireGradients(string kind) => RealDriver.Require();
}

/// <summary>The same with TF32 products and approximate silu.</summary>
public sealed class CudaTf32NetworkTests : CudaNetworkTests
{
    protected override int RandomNetworks => 10;

    protected override int TrajectoryStride => 300;

    protected override double Tolerance => 2e-2;

    protected override CudaPrecision Precision => CudaPrecision.Tf32;
}

/// <summary>The same on this machine's GPU.</summary>
public sealed class CudaGpuTf32NetworkTests : CudaNetworkTests
{
    protected override double Tolerance => 2e-2;

    protected override int RandomNetworks => 40;

    protected override int TrajectoryStride => 1;

    protected override CudaPrecision Precision => CudaPrecision.Tf32;

    protected override CudaDriver OpenDriver() => RealDriver.Require();

    protected override void RequireGradients(string kind) => RealDriver.Require();
}
