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
internal sealed class MetricsFile(RunDirectory directory, TimeProvider clock)
{
    private const string Header = "update,loss,gradient_norm,learning_rate,evaluated_relative_ess";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly StringBuilder _lines = new(Header);
    private long _last = clock.GetTimestamp();

    public void Add(TrainingRecord record)
    {
        var culture = CultureInfo.InvariantCulture;
        if (_lines.Length > 0)
            _lines.Append('\n');
        _lines.Append(culture, $"{record.Update + 1},{record.Loss:R},{record.GradientNorm:R},")
            .Append(culture, $"{record.LearningRate:R},{record.EvaluatedRelativeEss:R}");
        if (clock.GetElapsedTime(_last) > Interval)
            Flush();
    }

    /// <exception cref="Leaps.Model.LeapsException">
    /// The disk is full, or writing is not permitted.
    /// </exception>
    public void Flush()
    {
        if (_lines.Length == 0)
            return;
        directory.AppendLine(RunDirectory.Metrics, _lines.ToString());
        _lines.Clear();
        _last = clock.GetTimestamp();
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
}
