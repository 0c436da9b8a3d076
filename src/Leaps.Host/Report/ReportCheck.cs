namespace Leaps.Host.Report;

/// <summary>What the data of a report must fulfil; a violation is a defect of the program.</summary>
internal static class ReportCheck
{
    /// <exception cref="ArgumentException">The arrays that are there differ in length.</exception>
    public static void SameLength(string series, Array first, params ReadOnlySpan<Array?> others)
    {
        foreach (Array? other in others)
        {
            if (other is not null && other.Length != first.Length)
                throw new ArgumentException(
                    $"Arrays of a {series} have {first.Length} and {other.Length} entries.");
        }
    }
}
