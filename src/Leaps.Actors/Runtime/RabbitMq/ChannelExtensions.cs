using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

internal static class ChannelExtensions
{
    /// <summary>Closes a channel; one that hangs inside the broker does not answer, and goes with its
    /// connection at last.</summary>
    public static async Task CloseWithin(this IChannel channel, TimeSpan limit, TimeProvider clock)
    {
        try
        {
            await channel.DisposeAsync().AsTask().WaitAsync(limit, clock).ConfigureAwait(false);
        }
        catch (Exception error) when (BrokerErrors.IsTransport(error))
        {
            // It was to go, and is gone, or will be.
        }
    }
}
