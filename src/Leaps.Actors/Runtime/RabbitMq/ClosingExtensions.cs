using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

internal static class ClosingExtensions
{
    /// <summary>Closes a channel; one that hangs inside the broker does not answer, and goes with its
    /// connection at last.</summary>
    public static async Task CloseWithin(this IChannel channel, TimeSpan limit, TimeProvider clock)
    {
        try
        {
            await channel.DisposeAsync().AsTask().WaitAsync(limit, clock).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It was to go, and is gone, or will be; the client may throw what ended its connection.
        }
    }

    /// <summary>Closes a connection, the same; the client itself waits much longer than it is told.</summary>
    public static async Task CloseWithin(this IConnection connection, TimeSpan limit, TimeProvider clock)
    {
        try
        {
            await Close().WaitAsync(limit, clock).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // As above.
        }

        async Task Close()
        {
            if (connection.IsOpen)
                await connection.CloseAsync(200, "done", limit, abort: true).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }
}
