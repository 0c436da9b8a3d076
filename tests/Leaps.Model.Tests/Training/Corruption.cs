using Leaps.Model.Random;

namespace Leaps.Model.Tests.Training;

/// <summary>Damages bytes in many ways: a reader must read them or refuse them with one line.</summary>
internal static class Corruption
{
    public static void RefusesOrReads(byte[] sound, Action<byte[]> read)
    {
        foreach (int length in (ReadOnlySpan<int>)[0, 1, 7, 8, 20, sound.Length / 2, sound.Length - 1])
            AssertRefused(sound[..length], read, refused: true);
        AssertRefused([.. sound, 0], read, refused: true);
        var stream = new RandomStream(1, RandomPurpose.Test);
        int header = Math.Min(sound.Length, 8 + BitConverter.ToInt32(sound));
        for (int n = 0; n < 400; n++)
        {
            byte[] damaged = [.. sound];
            // Half of the damage in the header, where numbers and names are.
            int at = stream.NextInt(n % 2 == 0 ? header : sound.Length);
            damaged[at] = n % 3 == 0 ? (byte)('0' + stream.NextInt(10)) : (byte)stream.NextInt(256);
            AssertRefused(damaged, read, refused: false);
        }
    }

    private static void AssertRefused(byte[] bytes, Action<byte[]> read, bool refused)
    {
        try
        {
            read(bytes);
            Assert.False(refused, $"{bytes.Length} bytes were read.");
        }
        catch (InvalidDataException error)
        {
            Assert.DoesNotContain('\n', error.Message);
        }
    }
}
