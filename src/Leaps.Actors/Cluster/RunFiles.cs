using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Leaps.Actors.Journal;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>
/// Files of a run, kept in its journal: what its home writes, for its next home and for the user. A file is
/// cut into pieces; only those that changed are written again.
/// </summary>
/// <remarks>
/// The pieces of "metrics.csv" are the snapshots of "file/metrics.csv/0", "…/1", …; that of
/// "file/metrics.csv" is its length in bytes, as 8 bytes little-endian, and the SHA-256 of all of it.
/// </remarks>
/// <param name="journal">of the part "run"</param>
/// <param name="writer">an actor without events, which the journal has claimed: once another one claims it,
/// no file is written here any more, neither one that there is nor a new one; null: whoever wants to may
/// write</param>
public sealed class RunFiles(IJournal journal, string? writer = null)
{
    /// <summary>1 MiB: what a reader gets at a time.</summary>
    public const int PieceBytes = 1 << 20;

    private const string Prefix = "file/";
    private const int HeadBytes = sizeof(long) + SHA256.HashSizeInBytes;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<byte[]>> _written = new(StringComparer.Ordinal);

    /// <summary>The whole file is as given when this returns.</summary>
    /// <exception cref="FencedException">The writer lives elsewhere; nothing is written.</exception>
    public void Write(string name, ReadOnlyMemory<byte> content)
    {
        lock (_gate)
        {
            var known = _written.GetValueOrDefault(name, []);
            var (writes, digests) = Cut(name, content, known);
            // It writes nothing, but whether it is ours is checked with the file.
            if (writer is not null)
                writes.Add(new JournalAppend(writer, 0, []));
            _written.Remove(name);
            journal.Write(writes);
            _written.Add(name, digests);
        }
    }

    /// <summary>What makes a file, for whoever writes it together with other things.</summary>
    public static IReadOnlyList<JournalWrite> WritesOf(string name, ReadOnlyMemory<byte> content) =>
        Cut(name, content, []).Writes;

    private static (List<JournalWrite> Writes, List<byte[]> Digests) Cut(
        string name, ReadOnlyMemory<byte> content, List<byte[]> known)
    {
        var digests = new List<byte[]>();
        var writes = new List<JournalWrite>();
        for (int at = 0; at < content.Length; at += PieceBytes)
        {
            var piece = content[at..Math.Min(content.Length, at + PieceBytes)];
            byte[] digest = SHA256.HashData(piece.Span);
            if (digests.Count >= known.Count || !known[digests.Count].AsSpan().SequenceEqual(digest))
                writes.Add(new JournalSnapshot(Piece(name, digests.Count), 0, piece.ToArray()));
            digests.Add(digest);
        }
        byte[] head = new byte[HeadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(head, content.Length);
        SHA256.HashData(content.Span, head.AsSpan(sizeof(long)));
        writes.Add(new JournalSnapshot(Prefix + name, 0, head));
        return (writes, digests);
    }

    /// <summary>Names of the files there are.</summary>
    public IReadOnlyList<string> Names() => [.. journal.Actors()
        .Where(actor => actor.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(actor => actor[Prefix.Length..]).Where(name => !name.Contains('/'))];

    /// <summary>In bytes; null where there is no such file.</summary>
    public long? Length(string name) => Head(name) is { } head
        ? BinaryPrimitives.ReadInt64LittleEndian(head.Span) : null;

    /// <summary>
    /// A piece of the file, from a multiple of <see cref="PieceBytes"/> on; empty at its end.
    /// </summary>
    /// <exception cref="LeapsException">There is no such file, or it is damaged.</exception>
    public ReadOnlyMemory<byte> Read(string name, long offset)
    {
        long length = Length(name) ?? throw new LeapsException($"the run has no file {name}");
        if (offset >= length)
            return ReadOnlyMemory<byte>.Empty;
        var piece = journal.LoadLatestSnapshot(Piece(name, (int)(offset / PieceBytes)))
            ?? throw Damaged(name);
        int count = (int)Math.Min(PieceBytes, length - offset / PieceBytes * PieceBytes);
        return piece.Bytes.Length >= count ? piece.Bytes[..count] : throw Damaged(name);
    }

    /// <summary>The whole file.</summary>
    /// <exception cref="LeapsException">There is no such file, or it is damaged.</exception>
    public byte[] ReadAll(string name)
    {
        var head = Head(name) ?? throw new LeapsException($"the run has no file {name}");
        byte[] content = new byte[BinaryPrimitives.ReadInt64LittleEndian(head.Span)];
        for (int at = 0; at < content.Length; at += PieceBytes)
            Read(name, at).CopyTo(content.AsMemory(at));
        return SHA256.HashData(content).AsSpan().SequenceEqual(head.Span[sizeof(long)..])
            ? content : throw Damaged(name);
    }

    /// <summary>As <see cref="Write"/>.</summary>
    public void WriteText(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    /// <summary>As <see cref="ReadAll"/>.</summary>
    public string ReadText(string name) => Encoding.UTF8.GetString(ReadAll(name));

    private ReadOnlyMemory<byte>? Head(string name)
    {
        var head = journal.LoadLatestSnapshot(Prefix + name)?.Bytes;
        return head is null || head.Value.Length == HeadBytes ? head : throw Damaged(name);
    }

    private static string Piece(string name, int index) =>
        FormattableString.Invariant($"{Prefix}{name}/{index}");

    private static LeapsException Damaged(string name) =>
        new($"the file {name} of the run is damaged in the database: restore the database from a copy.");
}
