using Leaps.Host.Configuration;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Model;
using Leaps.Model.Tests.Devices.Cuda;

namespace Leaps.Host.Tests.Devices;

/// <summary>Which devices are chosen, and the one line where that can't be.</summary>
public sealed class DeviceChoiceTests
{
    private const string Nowhere = "libcuda-that-is-not-there.so";

    private readonly List<string> _notices = [];

    private static RunConfiguration Config(string device, string network = "kernels: [3, 3]",
        string model = "model: ising", bool trains = true) => ConfigurationReader.ReadText($$"""
        target: { {{model}}, lattice: 3, beta: 0.44}
        {{(network.Length > 0 ? $"network: {{ {network} }}" : "")}}
        {{(trains ? "train: {}" : "")}}
        device: {{device}}
        """, "run.yaml");

    [Fact]
    public void Without_a_driver_auto_is_the_CPU_and_says_nothing()
    {
        Assert.False(DeviceChoice.ForNew(Config("auto"), _notices.Add, Nowhere).AreGpus);
        Assert.Empty(_notices);
    }

    [Fact]
    public void Without_a_driver_GPUs_by_name_are_refused()
    {
        var error = Assert.Throws<LeapsException>(
            () => DeviceChoice.ForNew(Config("cuda"), _notices.Add, Nowhere));
        Assert.Equal($"There is no NVIDIA driver ({Nowhere} is not found): install it, or use --device cpu.",
            error.Message);
    }

    [Fact]
    public void A_GPU_that_auto_can_not_use_is_told_in_one_line()
    {
        var driver = EmulatedDriver.Copy();
        driver.Set("version", 11020);
        Assert.False(DeviceChoice.ForNew(Config("auto"), _notices.Add, driver.Library).AreGpus);
        string line = Assert.Single(_notices);
        Assert.StartsWith("a GPU is not used: The NVIDIA driver supports CUDA 11.2;", line,
            StringComparison.Ordinal);
        Assert.Throws<LeapsException>(
            () => DeviceChoice.ForNew(Config("cuda:0"), _notices.Add, driver.Library));
    }

    [Fact]
    public void Training_under_max_norm_is_the_CPUs()
    {
        string library = EmulatedDriver.RequireLibrary();
        var configuration = Config(
            "auto", "kernels: [3, 3], embedding-max-norm: true", "model: potts, states: 3");
        Assert.False(DeviceChoice.ForNew(configuration, _notices.Add, library).AreGpus);
        Assert.Contains("max-norm", Assert.Single(_notices), StringComparison.Ordinal);
        Assert.True(
            DeviceChoice.ForNew(configuration with { Train = null }, _notices.Add, library).AreGpus);
    }

    [Fact]
    public void A_run_without_a_network_opens_no_GPU_and_refuses_one_by_name()
    {
        string library = EmulatedDriver.RequireLibrary();
        var without = Config("auto", network: "", trains: false);
        Assert.False(DeviceChoice.ForNew(without, _notices.Add, library).AreGpus);
        Assert.Empty(_notices);
        Assert.Contains("the run has no network", Assert.Throws<LeapsException>(() => DeviceChoice.ForNew(
            Config("cuda:1", network: "", trains: false), _notices.Add, library)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cpu", "simd-")]
    [InlineData("auto", "cuda-8.0-tf32")]
    [InlineData("cuda:1", "cuda-8.0-tf32")]
    [InlineData("cuda-8.0-tf32", "cuda-8.0-tf32")]
    public void A_node_takes_what_its_file_says_and_measures_it(string device, string kind)
    {
        var driver = EmulatedDriver.Copy();
        driver.Set("free", 1 << 29);
        var devices = NodeDevice.Open(device, _notices.Add, driver.Library);
        Assert.StartsWith(kind, devices.Kind, StringComparison.Ordinal);
        Assert.True(NodeDevice.MeasureSpeed(devices, threads: 1) > 1);
        // Each of the stand-in's GPUs has 1 GiB.
        Assert.Equal(devices.AreGpus ? devices.Count * (1L << 29) : null, devices.MemoryInUse?.Invoke());
        Assert.Equal(device is "auto" or "cuda-8.0-tf32" ? 2 : 1, devices.Count);
    }

    [Fact]
    public void A_node_whose_file_wants_another_kind_does_not_start()
    {
        var error = Assert.Throws<LeapsException>(() => NodeDevice.Open(
            "cuda-9.0-tf32", _notices.Add, EmulatedDriver.RequireLibrary()));
        Assert.StartsWith("node.device is cuda-9.0-tf32, and this machine has simd-", error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("device: gpu", "run.yaml, line 2: The device 'gpu' is unknown: use cpu, cuda, cuda:0,1 ")]
    [InlineData("device: cuda:x", "run.yaml, line 2: The device 'cuda:x' has no GPU number in 'x': use ")]
    [InlineData("device: [0]", "run.yaml, line 2: 'device' must be a text of one line, not a list")]
    public void A_device_in_the_configuration_that_is_none_is_refused_with_its_line(
        string line, string start)
    {
        var error = Assert.Throws<LeapsException>(() => ConfigurationReader.ReadText(
            $"target: {{model: ising, lattice: 3, beta: 0.44}}\n{line}\n", "run.yaml"));
        Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_on_the_command_line_that_is_none_is_an_error_of_usage()
    {
        var program = new Execution.Program();
        Assert.Equal(2, program.Run("run", "--device", "cuda:1,1"));
        Assert.Equal("leaps: --device: The device 'cuda:1,1' names GPU 1 twice (see leaps run --help)",
            program.Error);
    }
}
