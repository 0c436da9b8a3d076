namespace Leaps.Model;

/// <summary>
/// Something the user can put right: the message is one line that names the file, line or option
/// and says what to do. Everything else that is thrown is a defect of the program.
/// </summary>
public sealed class LeapsException : Exception
{
    public LeapsException(string message) : base(message)
    {
    }

    public LeapsException(string message, Exception cause) : base(message, cause)
    {
    }

    /// <summary>It was the device that failed: on another one the same may succeed.</summary>
    public bool IsOfDevice { get; init; }
}
