using System.Collections.Concurrent;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Leaps.Host.Terminal;

/// <summary>Progress as bars with rate and time left, one for each stage, drawn by Spectre.Console.</summary>
public sealed class BarProgress : IProgressSink
{
    private readonly ProgressContext _context;
    private readonly ConcurrentDictionary<int, string> _rates;
    private readonly Dictionary<string, ProgressTask> _tasks = [];
    private readonly Lock _lock = new();

    private BarProgress(ProgressContext context, ConcurrentDictionary<int, string> rates)
    {
        _context = context;
        _rates = rates;
    }

    /// <summary>Runs the work with bars drawn below each other on the console until it ends.</summary>
    public static T Run<T>(IAnsiConsole console, Func<IProgressSink, T> work)
    {
        var rates = new ConcurrentDictionary<int, string>();
        return console.Progress()
            .AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
                new PercentageColumn(), new RateColumn(rates), new RemainingTimeColumn())
            .Start(context => work(new BarProgress(context, rates)));
    }

    public void Report(string stage, long done, long total, string rate)
    {
        lock (_lock)
        {
            if (!_tasks.TryGetValue(stage, out var task))
            {
                task = _context.AddTask(Markup.Escape(stage), maxValue: total);
                _tasks.Add(stage, task);
            }
            task.MaxValue = total;
            task.Value = done;
            _rates[task.Id] = rate;
        }
    }

    private sealed class RateColumn(ConcurrentDictionary<int, string> rates) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(rates.GetValueOrDefault(task.Id, ""));
    }
}
