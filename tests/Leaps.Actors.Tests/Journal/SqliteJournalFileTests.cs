using Leaps.Actors.Journal;
using Leaps.Model;
using Microsoft.Data.Sqlite;

namespace Leaps.Actors.Tests.Journal;

/// <summary>Files that aren't, or no longer, this run's journal: one clear line, never wrong data.</summary>
public sealed class SqliteJournalFileTests : IDisposable
{
    private const string Run = "run-1";

    private readonly TemporaryFolder folder = new();
    private readonly string path;

    public SqliteJournalFileTests() => path = folder.File("journal.db");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_journal_of_another_run_is_refused_by_both_names()
    {
        Fill(path);
        Refused("journal of run 'run-1', not of 'run-2'", "run-2");
    }

    [Fact]
    public void The_database_of_another_program_is_refused_by_its_number()
    {
        Raw("CREATE TABLE bookmarks (url TEXT);");
        Refused("belongs to another program (application id 0x00000000");
        Raw("PRAGMA application_id = 252006674;");
        Refused("belongs to another program (application id 0x0F055112");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(-1)]
    public void A_journal_of_another_format_is_refused_by_both_numbers(int version)
    {
        Fill(path);
        Raw($"PRAGMA user_version = {version};");
        Refused($"journal of format {version}, and this version of Leaps reads format 1");
    }

    [Fact]
    public void A_missing_file_a_folder_and_an_empty_file_are_refused_and_not_filled()
    {
        Refused("there is no such journal");
        Assert.False(File.Exists(path));
        File.WriteAllBytes(path, []);
        Refused("is empty");
        Assert.Equal(0, new FileInfo(path).Length);
        File.Delete(path);
        Directory.CreateDirectory(path);
        Refused("is a folder");
    }

    [Fact]
    public void Something_else_than_a_database_is_refused()
    {
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("seed: 7\n", 1000)));
        Refused("is no Leaps journal");
    }

    [Theory]
    [InlineData("")]
    [InlineData("-wal")]
    [InlineData("-journal")]
    public void A_new_journal_does_not_replace_or_mix_with_an_old_one(string suffix)
    {
        File.WriteAllText(path + suffix, "old");
        var refusal = Assert.Throws<LeapsException>(() => SqliteJournal.Create(path, Run));
        Assert.Contains($"{path}{suffix} exists already", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(path + suffix));
        Assert.Single(Directory.GetFiles(folder.Name));
    }

    [Fact]
    public void A_journal_in_a_folder_that_does_not_exist_is_refused()
    {
        var refusal = Assert.Throws<LeapsException>(
            () => SqliteJournal.Create(folder.File("absent/journal.db"), Run));
        Assert.Contains("its folder does not exist", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_truncated_anywhere_is_refused_or_still_tells_the_truth()
    {
        var truth = Fill(path);
        byte[] whole = File.ReadAllBytes(path);
        int refused = 0;
        for (int length = 0; length < whole.Length; length += 211)
            refused += RefusedOrTrue(whole.AsSpan(0, length), truth, $"truncated to {length}");
        Assert.True(refused > whole.Length / 211 * 9 / 10, $"only {refused} truncations were refused");
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_the_file_is_refused_or_changes_nothing()
    {
        var truth = Fill(path);
        byte[] whole = File.ReadAllBytes(path);
        for (int index = 0; index < whole.Length; index += 199)
        {
            byte mask = (byte)(1 << (index % 8));
            whole[index] ^= mask;
            RefusedOrTrue(whole, truth, $"bit {index % 8} of byte {index} flipped");
            whole[index] ^= mask;
        }
    }

    private static List<string> Fill(string path)
    {
        using var journal = SqliteJournal.Create(path, Run);
        byte[] large = [.. Enumerable.Range(0, 9000).Select(i => (byte)(i * 251 >> 3))];
        foreach (string actor in new[] { "coordinator", "group-1" })
        {
            journal.Append(actor, 0, [.. Enumerable.Range(1, 30).Select(
                i => new ReadOnlyMemory<byte>(large, i, 10 + i * 4))]);
            journal.SaveSnapshot(actor, 12, large);
            journal.SaveSnapshot(actor, 20, large.AsMemory(100));
        }
        return Content(journal);
    }

    // Snapshots may fall back to the one before; the state, here all events after 12, may not change.
    private static List<string> Content(SqliteJournal journal)
    {
        var lines = new List<string>();
        foreach (string actor in new[] { "coordinator", "group-1" })
        {
            lines.Add($"{actor} {journal.LastSequence(actor)}");
            var snapshot = journal.LoadLatestSnapshot(actor);
            Assert.NotNull(snapshot);
            Assert.Equal(snapshot.Sequence == 20 ? 8900 : 9000, snapshot.Bytes.Length);
            Assert.Equal((byte)((snapshot.Sequence == 20 ? 100 : 0) * 251 >> 3), snapshot.Bytes.Span[0]);
            foreach (var e in journal.Read(actor, 13))
                lines.Add($"{e.Sequence} {Convert.ToHexString(e.Bytes.Span)}");
        }
        return lines;
    }

    private int RefusedOrTrue(ReadOnlySpan<byte> bytes, List<string> truth, string damage)
    {
        string copy = folder.File("copy.db");
        foreach (string suffix in new[] { "-wal", "-shm" })
            File.Delete(copy + suffix);
        File.WriteAllBytes(copy, bytes);
        try
        {
            using var journal = SqliteJournal.Open(copy, Run);
            Assert.True(truth.SequenceEqual(Content(journal)), $"{damage}: the journal tells something else");
            return 0;
        }
        catch (LeapsException refusal)
        {
            Assert.StartsWith(copy, refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refusal.Message);
            return 1;
        }
        catch (Exception other) when (other is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"{damage}: {other}");
            return 0;
        }
    }

    private void Refused(string reason, string run = Run)
    {
        var refusal = Assert.Throws<LeapsException>(() => SqliteJournal.Open(path, run));
        Assert.StartsWith(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    private void Raw(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
