namespace Leaps.Actors.Protocol;

/// <summary>
/// A message that can't be used: malformed, of another protocol or run, or inconsistent in itself.
/// One line that names the message and the field. Nothing of it has been used.
/// </summary>
public sealed class ProtocolException : Exception
{
    public ProtocolException(string message) : base(message)
    {
    }

    public ProtocolException(string message, Exception cause) : base(message, cause)
    {
    }
}
