using Google.Protobuf;

namespace Leaps.Actors.Protocol;

/// <summary>The header of every message (leaps.proto).</summary>
public sealed partial class Envelope
{
    /// <summary>The protocol that this program speaks.</summary>
    public const uint CurrentProtocol = 1;

    /// <summary>A header without a body.</summary>
    /// <param name="run">the run</param>
    /// <param name="sender">name of the sending actor</param>
    /// <param name="recipient">name of the receiving actor</param>
    /// <param name="epoch">incarnation of the sender, from 1</param>
    /// <param name="sequence">number of the message in this epoch to this recipient, from 1</param>
    public static Envelope Create(Guid run, string sender, string recipient, long epoch, long sequence) =>
        new()
        {
            Protocol = CurrentProtocol,
            RunId = RunIdBytes(run),
            Epoch = epoch,
            Sequence = sequence,
            Sender = sender,
            Recipient = recipient,
        };

    /// <summary>16 bytes, the most significant first.</summary>
    public static ByteString RunIdBytes(Guid run) =>
        UnsafeByteOperations.UnsafeWrap(run.ToByteArray(bigEndian: true));
}
