using System.Globalization;
using System.Text;
using Leaps.Host.Configuration;
using Leaps.Host.Report;
using Leaps.Model.Training;

namespace Leaps.Host.Execution;

/// <summary>
/// metrics.csv, one line an update: its number from 1, the loss before it, the length of the gradient before
/// clipping, the learning rate, and the relative ESS where the network was evaluated after it. Lines are
/// gathered and written every second, so that a fast training does not wait for the disk.
/// </summary>
internal sealed class MetricsFile
{
    private const string Header = "update,loss,gradient_norm,learning_rate,evaluated_relative_ess";
    private const int LossesOfTheEnd = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly RunDirectory _directory;
    private readonly TimeProvider _clock;
    private readonly StringBuilder _lines = new();
    private readonly Queue<double> _losses = [];
    private int _updates;
    private long _last;

    /// <summary>
    /// The file as it was after so many updates: later lines are cut off, so that it grows again identically.
    /// </summary>
    /// <param name="directory">of the run</param>
    /// <param name="clock">for the gathering</param>
    /// <param name="updates">that the training goes on from; 0: it begins. The last one may still be to be
    /// evaluated</param>
    /// <exception cref="Leaps.Model.LeapsException">The file is damaged, or can't be written.</exception>
    public MetricsFile(RunDirectory directory, TimeProvider clock, int updates)
    {
        _directory = directory;
        _clock = clock;
        _last = clock.GetTimestamp();
        if (!directory.Contains(RunDirectory.Metrics))
        {
            _lines.Append(Header);
            return;
        }
        if (updates == 0)
        {
            WriteWhole([Header]);
            return;
        }
        if (CsvTable.HasIncompleteEnd(directory.PathOf(RunDirectory.Metrics)))
            WriteWhole(File.ReadAllLines(directory.PathOf(RunDirectory.Metrics)).SkipLast(1));
        var table = CsvTable.Read(directory.PathOf(RunDirectory.Metrics), Header);
        double[] losses = table.Numbers(1);
        int kept = table.Numbers(0).Count(update => update <= updates);
        foreach (double loss in losses.Take(kept))
            Remember(loss);
        _updates = kept == 0 ? 0 : (int)table.Numbers(0)[kept - 1];
        if (kept < table.Rows)
            WriteWhole(File.ReadAllLines(directory.PathOf(RunDirectory.Metrics)).Take(1 + kept));
    }

    /// <summary>Mean loss of the last updates, at most 100; null where there are none.</summary>
    public double? RecentLoss => _losses.Count > 0 ? _losses.Average() : null;

    public void Add(TrainingRecord record)
    {
        // An evaluation that is made again after a crash.
        if (record.Update + 1 <= _updates)
            return;
        Remember(record.Loss);
        var culture = CultureInfo.InvariantCulture;
        if (_lines.Length > 0)
            _lines.Append('\n');
        _lines.Append(culture, $"{record.Update + 1},{record.Loss:R},{record.GradientNorm:R},")
            .Append(culture, $"{record.LearningRate:R},{record.EvaluatedRelativeEss:R}");
        if (_clock.GetElapsedTime(_last) > Interval)
            Flush();
    }

    /// <exception cref="Leaps.Model.LeapsException">
    /// The disk is full, or writing is not permitted.
    /// </exception>
    public void Flush()
    {
        if (_lines.Length == 0)
            return;
        _directory.AppendLine(RunDirectory.Metrics, _lines.ToString());
        _lines.Clear();
        _last = _clock.GetTimestamp();
    }

    /// <summary>The training that a run directory tells of; null where it has none.</summary>
    /// <exception cref="Leaps.Model.LeapsException">The file is damaged.</exception>
    public static TrainingSeries? Read(RunDirectory directory, int? bestUpdate)
    {
        if (!directory.Contains(RunDirectory.Metrics))
            return null;
        var table = CsvTable.Read(directory.PathOf(RunDirectory.Metrics), Header);
        double[] updates = table.Numbers(0), evaluated = table.Numbers(4);
        return new TrainingSeries
        {
            Update = updates,
            Loss = table.Numbers(1),
            Evaluations = [.. Enumerable.Range(0, updates.Length)
                .Where(row => !double.IsNaN(evaluated[row]))
                .Select(row => new TrainingEvaluation(updates[row], evaluated[row]))],
            BestUpdate = bestUpdate,
        };
    }

    private void Remember(double loss)
    {
        _losses.Enqueue(loss);
        if (_losses.Count > LossesOfTheEnd)
            _losses.Dequeue();
    }

    private void WriteWhole(IEnumerable<string> lines) =>
        _directory.WriteText(RunDirectory.Metrics, string.Concat(lines.Select(line => line + "\n")));
}
