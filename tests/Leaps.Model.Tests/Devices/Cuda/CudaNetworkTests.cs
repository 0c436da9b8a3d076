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

    // A published trajectory has 1000 steps of 34 M multiply-adds.
    protected override int TrajectoryStride => 100;

    protected virtual CudaPrecision Precision => CudaPrecision.Single;

    // 4 G multiply-adds for each kind, by emulated tensor cores.
    protected override void RequireGradients(string kind) =>
        Assert.SkipUnless(kind == "ising" && Precision == CudaPrecision.Single,
            "without a GPU the gradients of 20 published pairs take too long, but for Ising's");

    protected virtual CudaDriver OpenDriver() => EmulatedDriver.Require();

    protected override RateNetwork Create(LocallyEquivariantConv architecture) =>
        new CudaNetwork(architecture, _device.Value, Precision);
}

/// <summary>The same on this machine's GPU.</summary>
public sealed class CudaGpuNetworkTests : CudaNetworkTests
{
    protected override int TrajectoryStride => 1;

    protected override CudaDriver OpenDriver() => RealDriver.Require();

    protected override void RequireGradients(string kind) => RealDriver.Require();
}

/// <summary>The same with TF32 products and approximate silu.</summary>
public sealed class CudaTf32NetworkTests : CudaNetworkTests
{
    protected override double Tolerance => 2e-2;

    protected override CudaPrecision Precision => CudaPrecision.Tf32;
}

/// <summary>The same on this machine's GPU.</summary>
public sealed class CudaGpuTf32NetworkTests : CudaNetworkTests
{
    protected override double Tolerance => 2e-2;

    protected override int TrajectoryStride => 1;

    protected override CudaPrecision Precision => CudaPrecision.Tf32;

    protected override CudaDriver OpenDriver() => RealDriver.Require();

    protected override void RequireGradients(string kind) => RealDriver.Require();
}
