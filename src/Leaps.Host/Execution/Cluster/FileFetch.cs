using Leaps.Actors.Cluster;
using Leaps.Actors.Protocol;
using Leaps.Host.Commands;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Storage;
using Ask = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Execution.Cluster;

/// <summary>A file that was brought here.</summary>
public sealed record FetchedFile(string Name, long Bytes);

/// <summary>
/// Brings files of a run into a directory, piece by piece. A file appears there whole or not at all; one that
/// its run writes anew meanwhile is begun again.
/// </summary>
internal sealed class FileFetch(ClusterSession session, string run, JobContext context)
{
    private const int MostAttempts = 5;

    /// <summary>The files that there are.</summary>
    /// <exception cref="LeapsException">No node answers, there is no such run, or a name is no
    /// file's.</exception>
    public IReadOnlyList<string> Names()
    {
        var reply = session.AskAccepted(new ClusterRequest { Command = Ask.Fetch, Run = run });
        string[] names = [.. reply.Entries.Select(entry => entry.Key)];
        foreach (string name in names)
            CheckName(name);
        return names;
    }

    /// <exception cref="LeapsException">
    /// No node answers, there is no such file, it can't be written, or pieces do not fit together.
    /// </exception>
    public IReadOnlyList<FetchedFile> Bring(string directory, IEnumerable<string> names)
    {
        string[] wanted = [.. names.Distinct(StringComparer.Ordinal)];
        foreach (string name in wanted)
            CheckName(name);
        Prepare(directory);
        var fetched = new List<FetchedFile>();
        foreach (string name in wanted)
        {
            long length = 0;
            AtomicFile.Write(Path.Combine(directory, name), stream => length = Copy(name, stream));
            fetched.Add(new FetchedFile(name, length));
        }
        return fetched;
    }

    private long Copy(string name, Stream stream)
    {
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            stream.SetLength(0);
            if (TryCopy(name, stream) is { } length)
                return length;
        }
        throw new LeapsException($"{name} of run {run} changes faster than it is fetched: fetch it again "
            + "when the run has ended");
    }

    // Null: the file's length changed on the way.
    private long? TryCopy(string name, Stream stream)
    {
        long length = -1, offset = 0;
        do
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var reply = session.AskAccepted(new ClusterRequest
            {
                Command = Ask.Fetch,
                Run = run,
                Key = name,
                Offset = offset,
            });
            if (length >= 0 && reply.Length != length)
                return null;
            length = reply.Length;
            int piece = reply.Bytes.Length;
            bool fits = length >= 0 && piece <= RunFiles.PieceBytes && piece <= length - offset
                && (piece > 0 || offset == length);
            if (!fits)
                throw new LeapsException($"{name} of run {run}: the cluster sent {piece} bytes at {offset} "
                    + $"of a file of {length}: run the same version of Leaps here and on the nodes");
            stream.Write(reply.Bytes.Span);
            offset += piece;
            context.Progress.Report($"fetch {name}", offset, length, ByteSize.Rounded(length));
        }
        while (offset < length);
        return length;
    }

    // A name comes from the cluster or the user; it must not lead out of the directory.
    private static void CheckName(string name)
    {
        bool plain = name.Length is > 0 and <= 100 && name[0] != '.'
            && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-+".Contains(c));
        if (!plain)
            throw new LeapsException($"'{name}' is no name of a run's "
                + "file: a run has files such as samples.npz");
    }

    private static void Prepare(string directory)
    {
        if (File.Exists(Path.Combine(directory, RunDirectory.Journal)))
            throw new LeapsException($"{directory} holds a run of this machine: choose another with "
                + "--output; nothing was changed");
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new LeapsException(
                $"{directory} can't be made: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }
}
