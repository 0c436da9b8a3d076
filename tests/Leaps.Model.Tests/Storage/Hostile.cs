namespace Leaps.Model.Tests.Storage;

/// <summary>
/// What every reader owes to a damaged file: one clear line that names it, or a sound result.
/// </summary>
internal static class Hostile
{
    private const long MostAllocated = 64 << 20;

    /// <summary>The one exception that is allowed, with a message that gives the reason.</summary>
    public static void Refuses(string path, Action<string> read, string reason = "")
    {
        var refusal = Assert.Throws<LeapsException>(() => read(path));
        Check(refusal, path);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
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

    /// <summary>Seeded damage of one to four bytes: it is refused or read, in little memory.</summary>
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
