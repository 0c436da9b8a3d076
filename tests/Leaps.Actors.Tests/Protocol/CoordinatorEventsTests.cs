using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Leaps.Model.Random;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>Sound journals come back the same; in others the first wrong event is named.</summary>
public sealed class CoordinatorEventsTests
{
    private const string Restore = "; the journal is damaged: restore the run's directory from a copy.";

    [Fact]
    public void Events_of_every_kind_come_back_the_same()
    {
        var events = Sound();
        Assert.Equal(Enum.GetValues<CoordinatorEvent.BodyOneofCase>().Length - 1,
            events.Select(item => item.BodyCase).Distinct().Count());
        Assert.Equal(events, CoordinatorEvents.Read(Journal(events)));
    }

    [Fact]
    public void An_event_cut_short_anywhere_is_refused_by_number()
    {
        byte[] bytes = new CoordinatorEvent { WindowSettled = Settled(1) }.ToByteArray();
        for (int length = 0; length < bytes.Length; length++)
        {
            var entry = new JournalEvent(17, bytes.AsMemory(0, length));
            var error = Assert.Throws<LeapsException>(() => CoordinatorEvents.Read(entry));
            Assert.StartsWith("event 17 of the coordinator ", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public void An_empty_event_is_damage_and_one_of_another_kind_belongs_to_another_version()
    {
        var empty = Assert.Throws<LeapsException>(() => CoordinatorEvents.Read(new JournalEvent(3, default)));
        Assert.Equal("event 3 of the coordinator is empty: " + Restore[2..], empty.Message);
        // Field 99 with one byte.
        byte[] later = [0x9A, 0x06, 1, 0];
        var unknown = Assert.Throws<LeapsException>(() => CoordinatorEvents.Read(new JournalEvent(4, later)));
        Assert.Equal("event 4 of the coordinator is of a kind that this version of Leaps doesn't know: "
            + "resume the run with the version that wrote it, or a newer one.", unknown.Message);
    }

    [Fact]
    public void Changed_bytes_give_events_or_an_error_of_one_line_and_nothing_else()
    {
        const ulong seed = 5;
        byte[][] sound = [.. Sound().Select(item => item.ToByteArray())];
        var stream = new RandomStream(seed, RandomPurpose.Test);
        for (int trial = 0; trial < 10_000; trial++)
        {
            byte[] bytes = [.. sound[trial % sound.Length]];
            for (int change = 0; change <= stream.NextInt(3); change++)
                bytes[stream.NextInt(bytes.Length)] = (byte)stream.NextInt(256);
            try
            {
                CoordinatorEvents.Read(new JournalEvent(1, bytes));
            }
            catch (LeapsException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, trial {trial}, {Convert.ToHexString(bytes)}: {error}");
            }
        }
    }

    public static TheoryData<int, Action<CoordinatorEvent>, string> Mistakes => new()
    {
        { 1, e => e.RunStarted.Sampling = null,
            "event 1 of the coordinator (RunStarted): sampling is missing" },
        { 1, e => e.RunStarted.Sampling.Target.Rows = 0, "target.rows is 0; it must be at least 1" },
        { 1, e => e.EpochRaised = new EpochRaised { Epoch = 1 },
            "event 1 of the coordinator (EpochRaised): a journal has one RunStarted, at its beginning" },
        { 2, e => e.RunStarted = new RunStarted { Sampling = SampleMessages.Sampling() },
            "event 2 of the coordinator (RunStarted): a journal has one RunStarted, at its beginning" },
        { 2, e => e.EpochRaised.Epoch = 0, "epoch is 0; it must be at least 1" },
        { 3, e => e.WindowSettled.Replica = 2, "replica is 2; it must be at most 1" },
        { 3, e => e.WindowSettled.Replica = -1, "replica is -1; it must be at least 0" },
        { 3, e => e.WindowSettled.Window = 2, "window is 2; it must be at most 1" },
        { 3, e => e.WindowSettled.RelativeEss = double.NaN, "relative_ess is NaN" },
        { 3, e => e.WindowSettled.LogZ = double.PositiveInfinity, "log_z is" },
        { 3, e => e.WindowSettled.LogZStandardError = -1, "log_z_standard_error is negative" },
        { 4, e => e.WindowSettled.Window = 1,
            "event 4 of the coordinator (WindowSettled): window is 1; it must be at least 2" },
        { 4, e => e.WindowSettled.Weights.RemoveAt(0), "weights has 1 entries; it must have 2" },
        { 4, e => e.WindowSettled.Weights[1].Sum = 0.5, "weights[1].sum is 0.5; it must be from 1 to" },
        { 4, e => e.WindowSettled.Weights[1].Count = 0, "weights[1].count is 0" },
        { 4, e => e.WindowSettled.Residuals.RemoveAt(0), "residuals has 1 entries; it must have 2" },
        { 4, e => e.WindowSettled.Residuals[0].Certain = -1, "certain is -1" },
        { 5, e => e.ReplicaRestarted.Replica = 7, "replica is 7; it must be at most 1" },
        { 7, e => e.SettingChanged.Key = "", "key is missing" },
        { 8, e => e.ReplicaCompleted.Replica = 2, "replica is 2; it must be at most 1" },
        { 9, e => e.RunEnded.Replicas = 3, "replicas is 3; it must be at most 2" },
        { 10, e => e.RunExtended.Replicas = 0, "replicas is 0; it must be at least 1" },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_names_the_event_and_says_what_to_do(
        int number, Action<CoordinatorEvent> spoil, string expected)
    {
        var events = Sound();
        spoil(events[number - 1]);
        var read = new List<CoordinatorEvent>();
        var error = Assert.Throws<LeapsException>(
            () => read.AddRange(CoordinatorEvents.Read(Journal(events))));
        Assert.Equal(number - 1, read.Count);
        Assert.StartsWith($"event {number} of the coordinator (", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.EndsWith(Restore, error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<JournalEvent> Journal(IEnumerable<CoordinatorEvent> events) =>
        events.Select((item, index) => new JournalEvent(index + 1, item.ToByteArray()));

    private static WindowSettled Settled(int window) => new()
    {
        Replica = 1, Window = window, RelativeEss = 0.4, LogZ = -3, LogZStandardError = double.NaN, Jumps = 4,
    };

    private static CoordinatorEvent[] Sound()
    {
        var resampled = Settled(2);
        resampled.Weights.Add([SampleMessages.Weights(), SampleMessages.Weights()]);
        resampled.Residuals.Add([SampleMessages.Residual(), SampleMessages.Residual()]);
        return
        [
            new() { RunStarted = new RunStarted { Sampling = SampleMessages.Sampling() } },
            new() { EpochRaised = new EpochRaised { Epoch = 1 } },
            new() { WindowSettled = Settled(1) },
            new() { WindowSettled = resampled },
            new() { ReplicaRestarted = new ReplicaRestarted { Replica = 1, Cause = "lost" } },
            new() { WindowSettled = Settled(1) },
            new() { SettingChanged = new SettingChanged { Key = "paused", Value = "True" } },
            new() { ReplicaCompleted = new ReplicaCompleted { Replica = 1 } },
            new() { RunEnded = new RunEnded { Replicas = 2 } },
            new() { RunExtended = new RunExtended { Replicas = 3 } },
        ];
    }
}
