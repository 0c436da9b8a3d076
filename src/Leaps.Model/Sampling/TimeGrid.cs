namespace Leaps.Model.Sampling;

/// <summary>Times 0 = t_0 &lt; t_1 &lt; … &lt; t_N = 1.</summary>
public static class TimeGrid
{
    /// <summary>t_n = n / N, (windows + 1).</summary>
    public static double[] Uniform(int windows) =>
        [.. Enumerable.Range(0, windows + 1).Select(n => (double)n / windows)];

    /// <summary>t_n = ((1 - e^{-5n/N}) / (1 - e^{-5}))³, (windows + 1): fine where t is small.</summary>
    public static double[] Exp2(int windows)
    {
        var times = new double[windows + 1];
        for (int n = 0; n <= windows; n++)
            times[n] = Math.Pow((1 - Math.Exp(-5.0 * n / windows)) / (1 - Math.Exp(-5)), 3);
        times[windows] = 1;
        return times;
    }

    /// <exception cref="LeapsException">The times don't rise from 0 to 1.</exception>
    public static void Validate(ReadOnlySpan<double> times)
    {
        if (times.Length < 2 || times[0] != 0 || times[^1] != 1)
            throw new LeapsException("A time grid must start at 0 and end at 1.");
        for (int n = 1; n < times.Length; n++)
        {
            if (!(times[n] > times[n - 1]))
                throw new LeapsException("The times of a grid must rise.");
        }
    }
}
