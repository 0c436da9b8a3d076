namespace Leaps.Actors.Protocol;

/// <summary>
/// What must be known of a message before it is parsed: its protocol and the one body it has. Reads the
/// outermost fields of the wire format (tag = number · 8 + wire type) and allocates nothing.
/// </summary>
internal readonly record struct EnvelopeScan(ulong Protocol, Envelope.BodyOneofCase Body)
{
    private const int Varint = 0, Fixed64 = 1, LengthDelimited = 2, Fixed32 = 5;
    private const int FirstBody = Envelope.StartGroupFieldNumber;

    /// <exception cref="ProtocolException">
    /// Not the fields of a message; no protocol; more bodies than one.
    /// </exception>
    public static EnvelopeScan Read(ReadOnlySpan<byte> message)
    {
        ulong protocol = 0;
        int body = 0, bodies = 0, position = 0;
        while (position < message.Length)
        {
            ulong tag = ReadVarint(message, ref position);
            int number = tag > uint.MaxValue ? 0 : (int)(tag >> 3);
            if (number == 0) throw Malformed(position);
            switch ((int)(tag & 7))
            {
                case Varint:
                    ulong value = ReadVarint(message, ref position);
                    if (number == Envelope.ProtocolFieldNumber) protocol = value;
                    break;
                case LengthDelimited:
                    ulong length = ReadVarint(message, ref position);
                    Skip(message, length, ref position);
                    if (number < FirstBody) break;
                    body = number;
                    bodies++;
                    break;
                case Fixed64:
                    Skip(message, 8, ref position);
                    break;
                case Fixed32:
                    Skip(message, 4, ref position);
                    break;
                default:
                    throw Malformed(position);
            }
        }
        if (protocol == 0)
            throw new ProtocolException("message without a protocol version: it does not come from Leaps.");
        // Another protocol may allow more: then that it is another one is what must be said.
        if (bodies > 1 && protocol == Envelope.CurrentProtocol)
            throw new ProtocolException("message with more than one body: exactly one is allowed.");
        return new EnvelopeScan(protocol, (Envelope.BodyOneofCase)body);
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> message, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (position >= message.Length) throw Malformed(position);
            byte next = message[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw Malformed(position);
    }

    private static void Skip(ReadOnlySpan<byte> message, ulong length, ref int position)
    {
        if (length > (ulong)(message.Length - position)) throw Malformed(position);
        position += (int)length;
    }

    private static ProtocolException Malformed(int position) =>
        new($"malformed message: byte {position} is not where a field can be; " +
            "it was cut short or does not come from Leaps.");
}
