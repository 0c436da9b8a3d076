using Spectre.Console;
using Spectre.Console.Rendering;

namespace Leaps.Host.Terminal;

/// <summary>Progress as bars with rate and time left, one for each stage, drawn by Spectre.Console.</summary>
public sealed class BarProgress : IProgressSink
{
    private const string Rate = "rate";
    private readonly ProgressContext _context;
    private readonly Dictionary<string, ProgressTask> _tasks = [];
    private readonly Lock _lock = new();

    private BarProgress(ProgressContext context) => _context = context;

    /// <summary>Runs the work with bars drawn below each other on the console until it ends.</summary>
    public static T Run<T>(IAnsiConsole console, Func<IProgressSink, T> work) => console.Progress()
        .AutoClear(false)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
            new PercentageColumn(), new RateColumn(), new RemainingTimeColumn())
        .Start(context => work(new BarProgress(context)));

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
            task.State.Update<string>(Rate, _ => rate);
        }
    }

    private sealed class RateColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.State.Get<string>(Rate) ?? "");
    }
}
