namespace Leaps.Model.Tests.Storage;

/// <summary>What every reader owes to a damaged file: one clear line that names it, or a sound result.</summary>
internal static class Hostile
{
    private const long MostAllocated = 64 << 20;

    /// <summary>The message of the one exception that is allowed.</summary>
    public static string Refuses(string path, Action<string> read)
    {
        var refusal = Assert.Throws<LeapsException>(() => read(path));
        Check(refusal, path);
        return refusal.Message;
    }

    /// <summary>Every shorter file is refused.</summary>
    public static void RefusesEveryTruncation(string path, Action<string> read, int step = 1)
    {
        byte[] whole = File.ReadAllBytes(path);
        for (int length = 0; length < whole.Length; length += step)
        {
            File.WriteAllBytes(path, whole[..length]);
            Refuses(path, read);
        }
        File.WriteAllBytes(path, whole);
        read(path);
    }

    /// <summary>Seeded damage of one to four bytes; the reader refuses or succeeds, and allocates little.</summary>
    public static void SurvivesDamage(string path, Action<string> read, int rounds, int seed = 1)
    {
        byte[] whole = File.ReadAllBytes(path);
        var random = new System.Random(seed);
        for (int round = 0; round < rounds; round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int hits = random.Next(1, 5); hits > 0; hits--)
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
            File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(path);
            }
            catch (LeapsException refusal)
            {
                Check(refusal, path);
            }
            catch (Exception other)
            {
                Assert.Fail($"reproduce with seed={seed}, round={round}: {other}");
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        }
    }

    private static void Check(LeapsException refusal, string path)
    {
        Assert.Contains(path, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }
}
