using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Leaps.Host.Tests.Devices;

/// <summary>
/// Hides this machine's GPUs from the tests and the processes they start: their numbers are the CPU's, and
/// those of the stand-in for the driver, which does not look at the variable.
/// </summary>
internal static partial class HiddenGpus
{
    private const string Variable = "CUDA_VISIBLE_DEVICES", None = "-1";

    [ModuleInitializer]
    public static void Hide()
    {
        Environment.SetEnvironmentVariable(Variable, None);     // of processes to come
        _ = SetVariable(Variable, None, overwrite: 1);          // of libraries in this one
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
