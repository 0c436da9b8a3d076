namespace Leaps.Host.Commands;

/// <summary>A run was stopped by Ctrl-C and can go on: one line that says how.</summary>
public sealed class InterruptedRunException(string message, Exception cause)
    : OperationCanceledException(message, cause);
