using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Leaps.Actors.Journal;

/// <summary>
/// SHA-256 of a row: of its kind, actor, sequence and payload, so that a row under the wrong actor or number
/// is as damaged as one with a flipped bit.
/// </summary>
internal static class JournalChecksum
{
    public const byte Event = 1;
    public const byte Snapshot = 2;

    public static byte[] Of(byte kind, string actor, long sequence, ReadOnlySpan<byte> payload)
    {
        byte[] name = Encoding.UTF8.GetBytes(actor);
        Span<byte> prefix = stackalloc byte[1 + sizeof(int) + sizeof(long)];
        prefix[0] = kind;
        BinaryPrimitives.WriteInt32LittleEndian(prefix[1..], name.Length);
        BinaryPrimitives.WriteInt64LittleEndian(prefix[(1 + sizeof(int))..], sequence);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(prefix);
        hash.AppendData(name);
        hash.AppendData(payload);
        return hash.GetHashAndReset();
    }

    public static bool Holds(
        ReadOnlySpan<byte> checksum, byte kind, string actor, long sequence, ReadOnlySpan<byte> payload) =>
        checksum.SequenceEqual(Of(kind, actor, sequence, payload));
}
