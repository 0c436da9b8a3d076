using Leaps.Model.Devices.Cuda.Driver;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>This machine's NVIDIA driver; tests skip where there is none, or no GPU.</summary>
internal static class RealDriver
{
    private static readonly Lazy<(CudaDriver? Driver, string Reason)> Opened = new(() =>
    {
        try
        {
            return (CudaDriver.Open(), "");
        }
        catch (LeapsException error)
        {
            return (null, $"this machine has no GPU that can be used: {error.Message}");
        }
    });

    public static CudaDriver Require()
    {
        Assert.SkipUnless(Opened.Value.Driver is not null, Opened.Value.Reason);
        return Opened.Value.Driver!;
    }
}
