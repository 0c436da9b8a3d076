namespace Leaps.Actors.Control;

/// <summary>How much of a run's process those who ask it may take.</summary>
public sealed record ControlLimits
{
    /// <summary>Connections at a time; one more is told to come again.</summary>
    public int Clients { get; init; } = 16;

    /// <summary>For the rest of a message after its first byte, and for a reply to be taken.</summary>
    public TimeSpan Message { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Without a request, after which a connection is closed.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For requests in work, such as the one that ends the run, when the server is closed; then as
    /// much again for those that were told to end, and for replies to be taken.</summary>
    public TimeSpan Closing { get; init; } = TimeSpan.FromSeconds(2);
}
