using System.Buffers.Binary;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>
/// A message of the runtime itself, told from those between actors by its AMQP type: what was sent to this
/// mailbox before may be lost. A life that has a predecessor puts one into its mailbox, for a process that
/// was given up may still live and take what is there; when it comes to the notice, it knows that it has a
/// successor. Whoever makes a mailbox anew puts one into it too.
/// </summary>
internal static class MailboxNotice
{
    public const string Type = "leaps.mailbox";

    /// <summary>In place of a life: for whoever lives there.</summary>
    public const long Anyone = 0;

    public static byte[] Of(long life)
    {
        byte[] body = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(body, life);
        return body;
    }

    /// <exception cref="ProtocolException">It is none.</exception>
    public static long LifeOf(byte[] body) => body.Length == sizeof(long)
        && BinaryPrimitives.ReadInt64BigEndian(body) is var life and >= Anyone
        ? life : throw new ProtocolException($"a notice of a mailbox has {body.Length} bytes.");
}
