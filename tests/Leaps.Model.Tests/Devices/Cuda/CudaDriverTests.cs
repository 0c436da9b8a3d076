using Leaps.Model.Devices;
using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>What the driver may answer, and the one line that a user reads then.</summary>
public sealed class CudaDriverTests
{
    private const int OutOfMemory = 2, NoDevice = 100, IllegalAddress = 700;
    private const int InvalidPtx = 218, NoPtxCompiler = 221, UnsupportedPtx = 222, PtxCompilerDisabled = 223;

    [Fact]
    public void No_driver_is_said_so()
    {
        var error = Assert.Throws<LeapsException>(() => CudaDriver.Open("libcuda-that-is-not-there.so"));
        Assert.Contains("no NVIDIA driver", error.Message, StringComparison.Ordinal);
        Assert.Contains("--device cpu", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_no_driver_is_too_old()
    {
        var error = Assert.Throws<LeapsException>(() => CudaDriver.Open("libc.so.6"));
        Assert.Contains("no function cuInit", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cuInit", NoDevice, "finds no GPU")]
    [InlineData("cuInit", 803, "not ready")]
    [InlineData("cuInit", 34, "stub")]
    [InlineData("cuInit", 999, "CUDA_ERROR_UNKNOWN from cuInit")]
    [InlineData("cuDeviceGetCount", 12345, "CUDA error 12345 from cuDeviceGetCount")]
    public void What_fails_while_the_driver_is_opened_is_named(string function, int code, string part) =>
        AssertFails(function, code, part, driver => CudaDriver.Open(driver.Library));

    [Theory]
    [InlineData("version", 11020, "supports CUDA 11.2")]
    [InlineData("devices", 0, "finds no GPU")]
    public void A_driver_too_old_or_without_GPUs_is_refused(string name, long value, string part)
    {
        var driver = EmulatedDriver.Copy();
        driver.Set(name, value);
        var error = Assert.Throws<LeapsException>(() => CudaDriver.Open(driver.Library));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_GPU_too_old_or_not_there_is_refused()
    {
        var driver = EmulatedDriver.Copy();
        var opened = CudaDriver.Open(driver.Library);
        Assert.Contains("no GPU 2: this machine has 2",
            Assert.Throws<LeapsException>(() => opened.Device(2)).Message, StringComparison.Ordinal);
        driver.Set("major", 7);
        driver.Set("minor", 5);
        var error = Assert.Throws<LeapsException>(() => opened.Device(1));
        Assert.Contains("GPU 1 (Emulated device 1) has compute capability 7.5", error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cuModuleLoadDataEx", UnsupportedPtx, "too old for PTX 7.0")]
    [InlineData("cuModuleLoadDataEx", InvalidPtx, "report this line")]
    [InlineData("cuModuleLoadDataEx", NoPtxCompiler, "lacks its compiler, libnvidia-ptxjitcompiler.so.1")]
    [InlineData("cuModuleLoadDataEx", PtxCompilerDisabled, "unset CUDA_DISABLE_PTX_JIT")]
    [InlineData("cuModuleGetFunction", 500, "cuModuleGetFunction of pack_layers")]
    [InlineData("cuMemAlloc_v2", OutOfMemory, "out of memory (CUDA_ERROR_OUT_OF_MEMORY from cuMemAlloc of")]
    [InlineData("cuMemAllocHost_v2", OutOfMemory, "cuMemAllocHost")]
    [InlineData("cuMemcpyHtoDAsync_v2", IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS from cuMemcpyHtoDAsync")]
    [InlineData("cuLaunchKernel", IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS from cuLaunchKernel")]
    [InlineData("cuStreamSynchronize", 999, "failed or disappeared (CUDA_ERROR_UNKNOWN from cuStreamSynch")]
    [InlineData("cuCtxSetCurrent", 999, "cuCtxSetCurrent")]
    [InlineData("cuMemGetInfo_v2", 999, "cuMemGetInfo")]
    [InlineData("cuStreamCreate", 999, "cuStreamCreate")]
    public void What_fails_at_work_names_the_GPU_the_function_and_the_result(
        string function, int code, string part)
    {
        AssertFails(function, code, part, driver =>
        {
            using var network = CudaMoverTests.Network(CudaMoverTests.Target("ising"), seed: 1, meanOutput: 1,
                CudaDriver.Open(driver.Library).Device(1));
            var states = new byte[network.Architecture.Lattice.Sites];
            network.CreateEvaluator().Evaluate(states, 1, 0.5, new float[network.Architecture.Outputs]);
        }, "GPU 1 (Emulated device 1)");
    }

    [Fact]
    public void A_GPU_that_holds_not_even_one_walker_is_said_so()
    {
        var driver = EmulatedDriver.Copy();
        using var network = CudaMoverTests.Network(CudaMoverTests.Target("ising"), seed: 1, meanOutput: 1,
            CudaDriver.Open(driver.Library).Device(0));
        var evaluator = network.CreateEvaluator();
        evaluator.Evaluate(new byte[15], 1, 0.5, new float[15]);
        driver.Set("free", 1000);
        var error = Assert.Throws<LeapsException>(
            () => evaluator.Forward(new byte[30], [0.5, 0.6], new float[30]));
        Assert.Contains("one walker of this network needs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_auto_falls_back_to_the_CPU()
    {
        const string nowhere = "libcuda-that-is-not-there.so";
        Assert.Empty(CudaDevices.Open(DeviceSelection.Cpu, out var unused, nowhere));
        Assert.Empty(unused);
        Assert.Empty(CudaDevices.Open(DeviceSelection.Auto, out unused, nowhere));
        Assert.Empty(unused);
        Assert.Throws<LeapsException>(() => CudaDevices.Open(DeviceSelection.Parse("cuda"), out _, nowhere));
        string library = EmulatedDriver.RequireLibrary();
        Assert.Equal([0, 1],
            CudaDevices.Open(DeviceSelection.Auto, out unused, library).Select(gpu => gpu.Ordinal));
        Assert.Empty(unused);
        Assert.Equal([1],
            CudaDevices.Open(DeviceSelection.Parse("cuda:1"), out _, library).Select(gpu => gpu.Ordinal));
    }

    [Theory]
    [InlineData("version", 11020, "install driver 470 or later")]
    [InlineData("major", 7, "GPU 0 (Emulated device 0) has compute capability 7.")]
    public void Auto_says_why_a_GPU_that_is_there_is_not_used(string name, long value, string part)
    {
        var driver = EmulatedDriver.Copy();
        driver.Set(name, value);
        Assert.Empty(CudaDevices.Open(DeviceSelection.Auto, out var unused, driver.Library));
        Assert.Contains(part, unused[0], StringComparison.Ordinal);
        Assert.DoesNotContain('\n', unused[0]);
    }

    [Fact]
    public void Auto_has_nothing_to_say_where_the_driver_finds_no_GPU()
    {
        var driver = EmulatedDriver.Copy();
        driver.Set("devices", 0);
        Assert.Empty(CudaDevices.Open(DeviceSelection.Auto, out var unused, driver.Library));
        Assert.Empty(unused);
    }

    [Fact]
    public void Auto_takes_GPUs_of_the_wanted_kind_alone()
    {
        string library = EmulatedDriver.RequireLibrary();
        string kind = CudaNetwork.KindOf(CudaDriver.Open(library).Device(0));
        Assert.Equal(2, CudaDevices.Open(DeviceSelection.Auto, out _, library, kind).Count);
        Assert.Empty(CudaDevices.Open(DeviceSelection.Auto, out _, library, "cuda-12.0-tf32"));
    }

    [Fact]
    public void Auto_does_not_take_a_GPU_that_takes_no_kernels()
    {
        var driver = EmulatedDriver.Copy();
        driver.Fail("cuModuleLoadDataEx", NoPtxCompiler);
        var devices = CudaDevices.Open(DeviceSelection.Auto, out var unused, driver.Library);
        Assert.Equal(1, Assert.Single(devices).Ordinal);
        Assert.StartsWith("GPU 0 (Emulated device 0): the driver lacks its compiler", Assert.Single(unused),
            StringComparison.Ordinal);
        Assert.Equal(1, driver.Get("contexts"));
    }

    [Fact]
    public void Of_several_architectures_auto_takes_the_newest_and_names_must_be_of_one()
    {
        var driver = EmulatedDriver.Copy();
        driver.Set("minor_step", 6);
        var devices = CudaDevices.Open(DeviceSelection.Auto, out var unused, driver.Library);
        Assert.Equal(1, Assert.Single(devices).Ordinal);
        Assert.EndsWith("To use it: --device cuda:0.", Assert.Single(unused), StringComparison.Ordinal);
        Assert.Equal(1, driver.Get("contexts"));
        var error = Assert.Throws<LeapsException>(
            () => CudaDevices.Open(DeviceSelection.Parse("cuda"), out _, driver.Library));
        Assert.EndsWith("such as --device cuda:0.", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, driver.Get("contexts"));
    }

    [Fact]
    public void GPUs_are_numbered_as_nvidia_smi_does()
    {
        var driver = EmulatedDriver.Copy();
        CudaDriver.Open(driver.Library);
        Assert.Equal(1, driver.Get("by_bus"));
    }

    [Fact]
    public void What_fails_while_work_is_recorded_is_what_is_told_and_leaves_nothing()
    {
        var driver = EmulatedDriver.Copy();
        using var device = CudaDriver.Open(driver.Library).Device(0);
        using var stream = new CudaStream(device);
        Assert.Throws<NotSupportedException>(() => stream.Record(() => throw new NotSupportedException()));
        Assert.Equal(0, driver.Get("graphs"));
        stream.Record(() => { }).Dispose();
        Assert.Equal(0, driver.Get("graphs"));
    }

    [Fact]
    public void What_outlives_its_GPU_touches_it_no_more()
    {
        var driver = EmulatedDriver.Copy();
        var device = CudaDriver.Open(driver.Library).Device(0);
        var stream = new CudaStream(device);
        var timer = new CudaTimer(stream);
        var graph = stream.Record(() => { });
        device.Dispose();
        Assert.Equal(0, driver.Get("contexts"));
        graph.Dispose();        // the stand-in would end the process
        timer.Dispose();
        stream.Dispose();
    }

    [Fact]
    public void All_memory_of_the_GPU_is_given_back()
    {
        var driver = EmulatedDriver.Copy();
        var device = CudaDriver.Open(driver.Library).Device(0);
        var target = CudaMoverTests.Target("potts");
        var network = CudaMoverTests.Network(target, seed: 1, meanOutput: 1, device);
        var mover = (CudaMover)network.CreateMover(target, new Model.Sampling.AnnealerOptions());
        mover.Integrate(Model.Sampling.Walkers.Uniform(target, 3, seed: 1), new(0, 0, 1),
            TestContext.Current.CancellationToken);
        var evaluator = network.CreateEvaluator();
        var output = new float[target.Outputs];
        evaluator.Forward(new byte[target.Sites], [0.5], output);
        evaluator.Backward(output, new double[network.Architecture.Layout.Count]);
        Assert.True(driver.Get("allocations") > 30);
        ((IDisposable)evaluator).Dispose();
        mover.Dispose();
        network.Dispose();
        Assert.Equal(0, driver.Get("allocations"));
        device.Dispose();
    }

    private static void AssertFails(string function, int code, string part, Action<EmulatedDriver> work,
        string also = "")
    {
        var driver = EmulatedDriver.Copy();
        driver.Fail(function, code);
        var error = Assert.Throws<LeapsException>(() => work(driver));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.Contains(also, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
