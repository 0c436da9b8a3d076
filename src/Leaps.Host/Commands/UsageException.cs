namespace Leaps.Host.Commands;

/// <summary>The command line is wrong: one line that names the option, and exit code 2.</summary>
public sealed class UsageException(string message) : Exception(message);
