namespace Leaps.Host.Terminal;

/// <summary>
/// What the program runs in: where it writes, whether a person watches, its clock, and how it is stopped.
/// </summary>
public sealed record Surroundings
{
    public required TextWriter Output { get; init; }
    public required TextWriter Error { get; init; }

    /// <summary>Someone sees the error stream as it is written: progress bars make sense.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>The output stream is a terminal: tables may be coloured.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>The environment's variables; null: not set.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Cancelled by Ctrl-C.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The streams of the process.</summary>
    public static Surroundings OfProcess(CancellationToken cancellation) => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        Cancellation = cancellation,
    };
}
