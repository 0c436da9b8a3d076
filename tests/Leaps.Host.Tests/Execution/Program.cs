using System.Text.Json;
using Leaps.Host.Commands;
using Leaps.Host.Execution;
using Leaps.Host.Terminal;

namespace Leaps.Host.Tests.Execution;

/// <summary>
/// The whole program in this process: command line in; exit code, output and error lines out.
/// </summary>
internal sealed class Program
{
    public string Output { get; private set; } = "";
    public string Error { get; private set; } = "";

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    private volatile CancellationTokenSource? _cancellation;

    /// <summary>Interrupts what another thread runs.</summary>
    public void PressCtrlC() => _cancellation!.Cancel();

    /// <param name="cancelAt">the start of a line of progress at which Ctrl-C is pressed; null: never</param>
    /// <param name="arguments">the command line</param>
    public int RunUntil(string? cancelAt, params string[] arguments)
    {
        using var cancellation = new CancellationTokenSource();
        _cancellation = cancellation;
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new InterruptingWriter(cancelAt, cancellation) { NewLine = "\n" };
        int code = LeapsCommandLine.Run(arguments, LeapsJobs.Create(), new Surroundings
        {
            Output = output,
            Error = error,
            Clock = Clock,
            Cancellation = cancellation.Token,
        });
        Output = output.ToString();
        Error = error.ToString().TrimEnd('\n');
        return code;
    }

    public int Run(params string[] arguments) => RunUntil(null, arguments);

    /// <summary>Runs with --json, expects success, and gives the object printed.</summary>
    public JsonElement Json(params string[] arguments)
    {
        int code = Run([.. arguments, "--json"]);
        Assert.True(code == 0, $"exit code {code}: {Error}");
        using var document = JsonDocument.Parse(Output);
        return document.RootElement.Clone();
    }

    /// <summary>Runs, expects exit code 1 and gives the one line of the error.</summary>
    public string Refusal(params string[] arguments)
    {
        Assert.Equal(1, Run(arguments));
        Assert.Equal("", Output);
        string line = Assert.Single(Error.Split('\n'));
        Assert.StartsWith("leaps: ", line, StringComparison.Ordinal);
        return line["leaps: ".Length..];
    }

    private sealed class InterruptingWriter(string? start, CancellationTokenSource cancellation)
        : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (start is not null && value?.StartsWith(start, StringComparison.Ordinal) == true)
                cancellation.Cancel();
        }
    }
}
