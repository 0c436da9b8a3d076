using System.Globalization;
using System.Text;
using Leaps.Host.Configuration;
using Leaps.Host.Report;

namespace Leaps.Host.Execution;

/// <summary>
/// windows.csv, one line a grid point t_n: relative ESS there before any resampling, log Z with its standard
/// error, whether the population was resampled, and the exact log Z where it is known. Replicas are pooled.
/// </summary>
internal static class WindowsFile
{
    private const string Header = "t,relative_ess,log_z,log_z_stderr,resampled,log_z_exact";

    public static void Write(RunDirectory directory, WindowSeries windows)
    {
        var lines = new StringBuilder(Header).Append('\n');
        for (int n = 0; n < windows.T.Length; n++)
        {
            double[] row =
            [
                windows.T[n], windows.RelativeEss[n], windows.LogZ[n], windows.LogZStdErr?[n] ?? double.NaN,
                windows.Resampled[n] ? 1 : 0, windows.LogZExact?[n] ?? double.NaN,
            ];
            lines.AppendJoin(',', row.Select(Cell)).Append('\n');
        }
        directory.WriteText(RunDirectory.Windows, lines.ToString());
    }

    /// <exception cref="Leaps.Model.LeapsException">The file is absent or damaged.</exception>
    public static WindowSeries Read(RunDirectory directory, double threshold)
    {
        var table = CsvTable.Read(directory.PathOf(RunDirectory.Windows), Header);
        double[] exact = table.Numbers(5);
        return new WindowSeries
        {
            T = table.Numbers(0),
            RelativeEss = table.Numbers(1),
            LogZ = table.Numbers(2),
            LogZStdErr = table.Numbers(3),
            Resampled = [.. table.Numbers(4).Select(value => value != 0)],
            LogZExact = exact.All(double.IsNaN) ? null : exact,
            Threshold = threshold,
        };
    }

    private static string Cell(double value) =>
        double.IsNaN(value) ? "" : value.ToString("R", CultureInfo.InvariantCulture);
}
