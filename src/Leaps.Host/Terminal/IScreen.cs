using Spectre.Console;
using Spectre.Console.Rendering;

namespace Leaps.Host.Terminal;

/// <summary>What there is to see at a moment.</summary>
/// <param name="Picture">all of it, for a terminal, where it replaces the picture before</param>
/// <param name="News">what changed since the frame before, a line each, for a log</param>
public sealed record Frame(Func<IRenderable> Picture, IReadOnlyList<string> News);

/// <summary>Shows frames one after the other.</summary>
public interface IScreen
{
    /// <summary>Does the work, which shows its frames by calling what it is given, on one thread.</summary>
    void Show(Action<Action<Frame>> work);
}

/// <summary>Nobody watches.</summary>
public sealed class NoScreen : IScreen
{
    public void Show(Action<Action<Frame>> work) => work(_ => { });
}

/// <summary>News as plain lines: what changed is seen in a log, too.</summary>
public sealed class LineScreen(TextWriter writer) : IScreen
{
    public void Show(Action<Action<Frame>> work) => work(frame =>
    {
        foreach (string line in frame.News)
            writer.WriteLine(line);
    });
}

/// <summary>Pictures drawn over each other on a terminal, by Spectre.Console; the last one stays.</summary>
public sealed class LiveScreen(IAnsiConsole console) : IScreen
{
    public void Show(Action<Action<Frame>> work) =>
        console.Live(new Text("")).AutoClear(false).Start(context => work(frame =>
        {
            context.UpdateTarget(frame.Picture());
            context.Refresh();
        }));
}
