namespace Leaps.Model.Tests;

/// <summary>What code allocates on this thread whenever it runs.</summary>
internal static class Allocation
{
    /// <summary>
    /// The least of five, in bytes: what the runtime itself allocates, when it compiles a method anew, does
    /// not recur.
    /// </summary>
    public static long Of(Action work)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
