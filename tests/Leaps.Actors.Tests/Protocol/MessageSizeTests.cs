using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>What messages cost on the wire, with numbers as large as a long run makes them.</summary>
public sealed class MessageSizeTests
{
    private const long Epoch = (3L << 32) + 100_000;
    private const int Group = 639_999, Window = 999_999, Resampling = 100_000, Slots = 1 << 29;

    private readonly MessageCodec _codec = new(SampleMessages.Run);

    [Fact]
    public void A_grid_of_a_million_windows_passes_the_limits()
    {
        const int windows = 1_000_000;
        var options = new AnnealerOptions { Walkers = 1_000_000, Groups = 10_000, Windows = windows };
        var task = new SamplingTask(SampleMessages.Potts, options, TimeGrid.Uniform(windows), replicas: 64);
        var envelope = SampleMessages.Empty();
        envelope.StartGroup = new StartGroup
        {
            Group = 639_999,
            Epoch = Epoch,
            Sampling = task.Specification,
        };
        byte[] message = _codec.Encode(envelope);
        TestContext.Current.TestOutputHelper?.WriteLine($"StartGroup: {message.Length:N0} bytes");
        Assert.InRange(message.Length, 8 * windows, MessageCodec.StartGroupMaximumBytes);
        var read = _codec.Decode(message).StartGroup;
        Assert.Equal(task.Times, read.Sampling.Task.Times);
    }

    public static TheoryData<Body, int> Small => new()
    {
        { Body.AdvanceLimit, 100 },
        { Body.SnapshotStored, 100 },
        { Body.PlacementRequest, 100 },
        { Body.GroupReady, 100 },
        { Body.TransferRequest, 100 },
        { Body.TransferForgotten, 100 },
        { Body.ResidualShare, 110 },
        { Body.Rewind, 120 },
        { Body.GroupSummary, 180 },
        { Body.ResamplingPlan, 250 },
    };

    [Theory]
    [MemberData(nameof(Small))]
    public void What_is_sent_often_is_small(Body body, int most)
    {
        var envelope = Envelope.Create(
            SampleMessages.Run, "coordinator", $"group-{Group}", Epoch, 10_000_000);
        FromCoordinator(envelope, body);
        FromGroup(envelope, body);
        int bytes = _codec.Encode(envelope).Length;
        TestContext.Current.TestOutputHelper?.WriteLine($"{body}: {bytes} bytes");
        Assert.InRange(bytes, 40, most);
    }

    // The samples, with large numbers where those are small.
    private static void FromCoordinator(Envelope envelope, Body body)
    {
        var sample = SampleMessages.Of(body);
        switch (body)
        {
            case Body.AdvanceLimit:
                var limit = envelope.AdvanceLimit = sample.AdvanceLimit;
                limit.Group = Group;
                limit.Version = Epoch;
                limit.Settled = limit.Limit = limit.StoreFrom = Window;
                limit.Resampling = Resampling;
                break;
            case Body.Rewind:
                var rewind = envelope.Rewind = sample.Rewind;
                rewind.Group = Group;
                rewind.Window = Window;
                rewind.Resampling = Resampling;
                rewind.Scale.Slots = Slots;
                break;
            case Body.ResamplingPlan:
                var plan = envelope.ResamplingPlan = sample.ResamplingPlan;
                plan.Group = Group;
                plan.Window = Window;
                plan.Resampling = Resampling;
                plan.Scale.Slots = plan.Points.Of = Slots;
                plan.FirstOffspring += Slots;
                foreach (var run in plan.Outgoing.Concat(plan.Incoming))
                {
                    run.Group = Group - 1;
                    run.FirstSlot += Slots;
                }
                break;
        }
    }

    private static void FromGroup(Envelope envelope, Body body)
    {
        var sample = SampleMessages.Of(body);
        switch (body)
        {
            case Body.SnapshotStored:
                envelope.SnapshotStored = sample.SnapshotStored;
                envelope.SnapshotStored.Group = Group;
                envelope.SnapshotStored.Epoch = Epoch;
                envelope.SnapshotStored.Window = Window;
                envelope.SnapshotStored.Resampling = Resampling;
                break;
            case Body.PlacementRequest:
                envelope.PlacementRequest = new PlacementRequest { Group = Group };
                break;
            case Body.GroupReady:
                var ready = envelope.GroupReady = sample.GroupReady;
                ready.Group = Group;
                ready.Epoch = Epoch;
                ready.StoredWindow = Window;
                ready.Resampling = ready.StoredResampling = Resampling;
                break;
            case Body.TransferRequest:
                envelope.TransferRequest = sample.TransferRequest;
                envelope.TransferRequest.FromGroup = envelope.TransferRequest.ToGroup = Group;
                envelope.TransferRequest.Resampling = Resampling;
                break;
            case Body.TransferForgotten:
                envelope.TransferForgotten = sample.TransferForgotten;
                envelope.TransferForgotten.ToGroup = Group;
                envelope.TransferForgotten.Resampling = Resampling;
                break;
            case Body.ResidualShare:
                envelope.ResidualShare = sample.ResidualShare;
                envelope.ResidualShare.Group = Group;
                envelope.ResidualShare.Window = Window;
                envelope.ResidualShare.Resampling = Resampling;
                break;
            case Body.GroupSummary:
                var summary = envelope.GroupSummary = sample.GroupSummary;
                summary.Group = Group;
                summary.Window = Window;
                summary.Resampling = Resampling;
                summary.Weights.FirstFamily = Slots;
                summary.Weights.LastFamily = Slots + 100;
                summary.Weights.Evaluations = summary.Weights.Jumps = 1_000_000;
                break;
        }
    }
}
