using System.Text;
using Google.Protobuf;

namespace Leaps.Actors.Protocol;

/// <summary>
/// Messages of one run to bytes and back. Nothing that comes in is used before it was checked, in this order:
/// size, protocol, size of its kind of body, wire format, run, header, every field of the body. So the work
/// and the memory that a wrong message costs are bounded by its own size.
/// </summary>
/// <param name="run">messages of other runs are refused</param>
/// <param name="maximumBytes">the largest message, in bytes</param>
public sealed class MessageCodec(Guid run, int maximumBytes = MessageCodec.DefaultMaximumBytes)
{
    /// <summary>64 MiB: two million 15 × 15 Ising walkers.</summary>
    public const int DefaultMaximumBytes = 64 << 20;

    /// <summary>
    /// 1 MiB, for bodies whose parts are small messages themselves: those take many times their wire size
    /// once parsed.
    /// </summary>
    public const int SmallBodyMaximumBytes = 1 << 20;

    /// <summary>A grid of a million windows and its options.</summary>
    public const int StartGroupMaximumBytes = 9 << 20;

    /// <summary>A hundred thousand actors of one node.</summary>
    public const int NodeMaximumBytes = 9 << 20;

    private static readonly MessageParser<Envelope> Parser = Envelope.Parser.WithDiscardUnknownFields(true);
    private readonly ByteString _run = Envelope.RunIdBytes(run);

    /// <exception cref="ProtocolException"><see cref="Decode"/> would refuse it.</exception>
    public byte[] Encode(Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        Check(envelope);
        CheckSize(envelope.CalculateSize(), envelope.BodyCase);
        return envelope.ToByteArray();
    }

    /// <exception cref="ProtocolException">Not a sound message of this protocol and run.</exception>
    public Envelope Decode(ReadOnlySpan<byte> message)
    {
        if (message.Length > maximumBytes)
            throw TooLarge("message", message.Length, maximumBytes);
        var scan = EnvelopeScan.Read(message);
        CheckProtocol(scan.Protocol);
        if (!Enum.IsDefined(scan.Body) || scan.Body == Envelope.BodyOneofCase.None)
            throw new ProtocolException("message without a body that this version of Leaps knows: " +
                "run the same version of Leaps on every node.");
        CheckSize(message.Length, scan.Body);
        Envelope envelope;
        try
        {
            envelope = Parser.ParseFrom(message);
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or DecoderFallbackException)
        {
            throw new ProtocolException($"malformed {scan.Body}: it was cut short or damaged.", error);
        }
        Check(envelope);
        return envelope;
    }

    private void Check(Envelope envelope)
    {
        CheckProtocol(envelope.Protocol);
        if (envelope.RunId.Length != 16)
            throw new ProtocolException(
                $"message whose run id has {envelope.RunId.Length} bytes: 16 are needed.");
        if (!envelope.RunId.Equals(_run))
        {
            var other = new Guid(envelope.RunId.Span, bigEndian: true);
            throw new ProtocolException(
                $"message of run {other}; this is run {run}: it was sent to the wrong run.");
        }
        EnvelopeValidation.Check(envelope);
    }

    private static void CheckProtocol(ulong protocol)
    {
        if (protocol != Envelope.CurrentProtocol)
            throw new ProtocolException(
                $"message from protocol {protocol}; this is leaps-protocol {Envelope.CurrentProtocol}: " +
                "run the same version of Leaps on every node.");
    }

    private void CheckSize(int bytes, Envelope.BodyOneofCase body)
    {
        int maximum = body switch
        {
            Envelope.BodyOneofCase.WalkerTransfer or Envelope.BodyOneofCase.Snapshot
                or Envelope.BodyOneofCase.ParameterVersion or Envelope.BodyOneofCase.RolloutMade
                or Envelope.BodyOneofCase.RolloutOrder
                or Envelope.BodyOneofCase.Batch
                // They carry models and output files.
                or Envelope.BodyOneofCase.ClusterRequest or Envelope.BodyOneofCase.ClusterReply
                => maximumBytes,
            Envelope.BodyOneofCase.StartGroup => Math.Min(maximumBytes, StartGroupMaximumBytes),
            Envelope.BodyOneofCase.NodeHeartbeat or Envelope.BodyOneofCase.Assignment =>
                Math.Min(maximumBytes, NodeMaximumBytes),
            _ => Math.Min(maximumBytes, SmallBodyMaximumBytes),
        };
        if (bytes > maximum)
            throw TooLarge(body.ToString(), bytes, maximum);
    }

    private static ProtocolException TooLarge(string what, int bytes, int maximum) => new(
        FormattableString.Invariant($"{what} of {bytes:N0} bytes: at most {maximum:N0} are allowed; ") +
        "groups of fewer walkers send smaller messages.");
}
