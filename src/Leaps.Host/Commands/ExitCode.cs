namespace Leaps.Host.Commands;

/// <summary>What the exit code of the program means; `leaps --help` prints it.</summary>
public static class ExitCode
{
    public const int Success = 0;

    /// <summary>The configuration, a file or a value is wrong, and the message says how.</summary>
    public const int Error = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A defect of the program (EX_SOFTWARE).</summary>
    public const int Defect = 70;

    /// <summary>Stopped by Ctrl-C (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    public const string Help = """
        Exit codes:
          0    success
          1    the configuration, a file or a value is wrong; the message says what to do
          2    wrong use of the command line
          70   a defect of leaps; run again with --debug for the stack trace
          130  stopped by Ctrl-C
        """;
}
