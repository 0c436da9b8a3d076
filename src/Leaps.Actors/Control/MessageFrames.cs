using System.Buffers.Binary;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Control;

/// <summary>
/// Envelopes on a stream, each after its length as 4 bytes, little-endian. Control messages have 1 MiB at
/// most, so a wrong length costs no more than that.
/// </summary>
internal sealed class MessageFrames(Stream stream, Guid run, string sender, string recipient)
{
    private const int LargestMessage = MessageCodec.SmallBodyMaximumBytes;

    private readonly MessageCodec codec = new(run, LargestMessage);
    private readonly byte[] prefix = new byte[sizeof(int)];
    private long sequence;

    /// <summary>An envelope of this end, for the next message that it sends.</summary>
    public Envelope Create() => Envelope.Create(run, sender, recipient, epoch: 1, ++sequence);

    /// <exception cref="ProtocolException">The message is not sound; nothing has been sent.</exception>
    /// <exception cref="IOException">The other end is gone.</exception>
    public async Task Send(Envelope envelope, CancellationToken cancellation)
    {
        byte[] message = codec.Encode(envelope);
        byte[] frame = new byte[sizeof(int) + message.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, message.Length);
        message.CopyTo(frame, sizeof(int));
        await stream.WriteAsync(frame, cancellation).ConfigureAwait(false);
    }

    /// <summary>The next message; null when the other end is done, or silent for too long.</summary>
    /// <param name="silence">how long its first byte may take</param>
    /// <param name="rest">how long the rest may take after its first byte</param>
    /// <param name="cancellation">ends both</param>
    /// <exception cref="ProtocolException">
    /// Not a sound message of the run, or one that took too long.
    /// </exception>
    /// <exception cref="EndOfStreamException">The other end stopped in the middle of it.</exception>
    /// <exception cref="IOException">The other end is gone.</exception>
    public async Task<Envelope?> Receive(TimeSpan silence, TimeSpan rest, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(silence);
        try
        {
            if (await stream.ReadAsync(prefix.AsMemory(0, 1), limit.Token).ConfigureAwait(false) == 0)
                return null;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
        limit.CancelAfter(rest);
        try
        {
            return await ReceiveRest(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException cause) when (!cancellation.IsCancellationRequested)
        {
            throw new ProtocolException(FormattableString.Invariant(
                $"message that was not complete after {rest.TotalSeconds:0.###} seconds."), cause);
        }
    }

    private async Task<Envelope> ReceiveRest(CancellationToken cancellation)
    {
        await stream.ReadExactlyAsync(prefix.AsMemory(1), cancellation).ConfigureAwait(false);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(prefix);
        if (length is 0 or > LargestMessage)
            throw new ProtocolException(FormattableString.Invariant(
                $"message of {length:N0} bytes: 1 to {LargestMessage:N0} are allowed."));
        byte[] message = new byte[length];
        await stream.ReadExactlyAsync(message, cancellation).ConfigureAwait(false);
        return codec.Decode(message);
    }
}
