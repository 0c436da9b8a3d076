using Leaps.Model.Devices;

namespace Leaps.Model.Tests.Devices;

public sealed class DeviceSelectionTests
{
    [Theory]
    [InlineData("cpu", DeviceSelectionKind.Cpu)]
    [InlineData("auto", DeviceSelectionKind.Auto)]
    [InlineData("cuda", DeviceSelectionKind.Cuda)]
    [InlineData("cuda:1", DeviceSelectionKind.Cuda, 1)]
    [InlineData("cuda:2,0", DeviceSelectionKind.Cuda, 2, 0)]
    public void What_is_allowed_is_read_and_written(
        string text, DeviceSelectionKind kind, params int[] ordinals)
    {
        var selection = DeviceSelection.Parse(text);
        Assert.Equal(kind, selection.Kind);
        Assert.Equal(ordinals, selection.Ordinals);
        Assert.Equal(text, selection.ToString());
        Assert.Equal(DeviceSelection.Parse(text), selection);
        Assert.True(DeviceSelection.IsWord(text));
    }

    [Theory]
    [InlineData("", "unknown")]
    [InlineData("gpu", "'gpu' is unknown")]
    [InlineData("CUDA", "unknown")]
    [InlineData("cuda:", "no GPU number in ''")]
    [InlineData("cuda:0,", "no GPU number in ''")]
    [InlineData("cuda:-1", "no GPU number in '-1'")]
    [InlineData("cuda:a", "no GPU number in 'a'")]
    [InlineData("cuda: 1", "no GPU number")]
    [InlineData("cuda:99999999999", "no GPU number")]
    [InlineData("cuda:1,1", "GPU 1 twice")]
    public void Anything_else_is_refused_with_what_is_allowed(string text, string part)
    {
        var error = Assert.Throws<LeapsException>(() => DeviceSelection.Parse(text));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_GPU_that_is_not_there_is_named()
    {
        var selection = DeviceSelection.Parse("cuda:0,3");
        Assert.Equal([0, 3], selection.OrdinalsAmong(4));
        Assert.Contains("no GPU 3: this machine has 2",
            Assert.Throws<LeapsException>(() => selection.OrdinalsAmong(2)).Message,
            StringComparison.Ordinal);
        Assert.Equal([0, 1], DeviceSelection.Parse("cuda").OrdinalsAmong(2));
    }
}
