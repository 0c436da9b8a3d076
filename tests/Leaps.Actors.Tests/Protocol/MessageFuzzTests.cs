using System.Diagnostics;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model.Random;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>
/// Damaged bytes give a sound message or a <see cref="ProtocolException"/>: nothing else, and no hunger.
/// </summary>
public sealed class MessageFuzzTests
{
    private const ulong Seed = 20_260_101;
    private const long AllowedBytes = 1 << 20;

    private readonly MessageCodec _codec = new(SampleMessages.Run);

    [Fact]
    public void A_message_cut_short_anywhere_is_refused()
    {
        foreach (var envelope in SampleMessages.All().Values)
        {
            byte[] message = _codec.Encode(envelope);
            for (int length = 0; length < message.Length; length++)
                Assert.Throws<ProtocolException>(() => _codec.Decode(message.AsSpan(0, length)));
        }
    }

    [Fact]
    public void Random_bytes_are_refused_cheaply()
    {
        var stream = new RandomStream(Seed, RandomPurpose.InitialState);
        for (int trial = 0; trial < 10_000; trial++)
        {
            var message = new byte[stream.NextInt(300)];
            foreach (ref byte value in message.AsSpan()) value = (byte)stream.NextInt(256);
            Assert.False(TryDecode(message, trial));
        }
    }

    [Fact]
    public void Changed_bytes_in_sound_messages_never_do_harm()
    {
        byte[][] sound = [.. SampleMessages.All().Values.Select(_codec.Encode)];
        var stream = new RandomStream(Seed, RandomPurpose.Resampling);
        int accepted = 0;
        for (int trial = 0; trial < 15_000; trial++)
        {
            byte[] message = [.. sound[trial % sound.Length]];
            int changes = 1 + stream.NextInt(4);
            for (int c = 0; c < changes; c++)
            {
                int at = stream.NextInt(message.Length);
                message[at] = stream.NextInt(3) switch
                {
                    0 => (byte)(message[at] ^ 1 << stream.NextInt(8)),
                    1 => 0xFF,                                      // makes lengths and counts huge
                    _ => (byte)stream.NextInt(256),
                };
            }
            if (TryDecode(message, trial)) accepted++;
        }
        // Changes of a seed, a number or a text can't be noticed; those of the structure must be.
        Assert.InRange(accepted, 1, 7_500);
    }

    [Fact]
    public void Lengths_that_lie_allocate_nothing()
    {
        // A snapshot (field 23) that says 2 GiB, and log-weights in it that say 2 GiB.
        byte[] body = [0xBA, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        Assert.False(TryDecode([0x08, 1, .. body], 0));
        byte[] logWeights = [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0, 0];
        Assert.False(TryDecode([0x08, 1, 0xBA, 0x01, (byte)logWeights.Length, .. logWeights], 1));
        byte[] packed = [0x32, 7, 0x22, 0xF8, 0xFF, 0xFF, 0xFF, 0x07, 0];
        Assert.False(TryDecode([0x08, 1, 0xBA, 0x01, (byte)packed.Length, .. packed], 2));
    }

    [Fact]
    public void A_megabyte_of_empty_parts_stays_within_tens_of_megabytes()
    {
        var envelope = SampleMessages.Empty();
        envelope.ControlReply = new ControlReply { Request = 1 };
        for (int entry = 0; entry < 500_000; entry++)
            envelope.ControlReply.Entries.Add(new ControlReply.Types.Entry());
        byte[] message = envelope.ToByteArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        _codec.Decode(message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void Deep_nesting_and_long_numbers_end()
    {
        var watch = Stopwatch.StartNew();
        // start of group, again and again
        byte[] groups = [0x08, 1, .. Enumerable.Repeat((byte)0x0B, 1 << 20)];
        Assert.False(TryDecode(groups, 0, allowed: 64 << 20));
        byte[] endless = [0x08, .. Enumerable.Repeat((byte)0x80, 1 << 20)];
        Assert.False(TryDecode(endless, 1, allowed: 64 << 20));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"{watch.Elapsed}");
    }

    /// <summary>
    /// Every exception but the typed one fails the test, as does an appetite beyond the bound.
    /// </summary>
    private bool TryDecode(byte[] message, int trial, long allowed = AllowedBytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool accepted = true;
        try
        {
            _codec.Decode(message);
        }
        catch (ProtocolException error)
        {
            accepted = false;
            Assert.DoesNotContain('\n', error.Message);
        }
        catch (Exception error)
        {
            Assert.Fail($"seed {Seed}, trial {trial}, {Convert.ToHexString(message)}: {error}");
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= allowed,
            $"seed {Seed}, trial {trial}: {allocated:N0} bytes for {message.Length}");
        return accepted;
    }
}
