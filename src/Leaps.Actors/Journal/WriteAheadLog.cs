using System.Buffers.Binary;
using Leaps.Model;

namespace Leaps.Actors.Journal;

/// <summary>
/// Looks through the write-ahead log that a crash left beside a database (format:
/// sqlite.org/fileformat2.html, section 4) before SQLite does. SQLite drops everything from the first frame
/// whose checksum fails, which is right for the unacknowledged tail and wrong for damage further up. For
/// whoever holds the <see cref="RunLock"/>: a log that another process is writing may look damaged.
/// </summary>
/// <remarks>
/// Every commit is synced before the next begins. So whatever a crash tears lies in the last transaction; two
/// commits beyond the first bad frame mean that something acknowledged was damaged afterwards. Damage to the
/// very last transaction can't be told from a torn one.
/// </remarks>
internal static class WriteAheadLog
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint Magic = 0x377F0682;

    /// <exception cref="LeapsException">The log is damaged before its last transaction.</exception>
    public static void Check(string database)
    {
        string path = database + "-wal";
        if (!File.Exists(path))
            return;
        using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] header = new byte[HeaderBytes];
        if (log.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
            return;
        if ((Word(header, 0) & ~1u) != Magic)
            throw Damaged(path);
        bool bigEndian = (Word(header, 0) & 1) != 0;
        (uint, uint) sum = Sum(header.AsSpan(0, 24), (0, 0), bigEndian);
        bool good = sum == (Word(header, 24), Word(header, 28));
        int commits = 0;
        byte[] frame = new byte[FrameHeaderBytes + Math.Clamp(Word(header, 8), 512, 65536)];
        while (log.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            // Frames under other salts are left over from before the log was last started anew.
            bool current = frame.AsSpan(8, 8).SequenceEqual(header.AsSpan(16, 8));
            good &= current;
            if (good)
            {
                sum = Sum(frame.AsSpan(FrameHeaderBytes), Sum(frame.AsSpan(0, 8), sum, bigEndian), bigEndian);
                good = sum == (Word(frame, 16), Word(frame, 20));
            }
            if (!good && current && Word(frame, 4) != 0 && ++commits == 2)
                throw Damaged(path);
        }
    }

    private static LeapsException Damaged(string path) => new(
        $"{path} is damaged before its last transaction, so that acknowledged events may be lost: "
        + "restore it and its database from a copy, or start the run anew.");

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) =>
        BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);

    private static (uint, uint) Sum(ReadOnlySpan<byte> bytes, (uint First, uint Second) sum, bool bigEndian)
    {
        for (int i = 0; i < bytes.Length; i += 8)
        {
            sum.First += Value(bytes[i..], bigEndian) + sum.Second;
            sum.Second += Value(bytes[(i + 4)..], bigEndian) + sum.First;
        }
        return sum;
    }

    private static uint Value(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
