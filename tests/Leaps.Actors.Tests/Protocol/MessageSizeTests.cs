using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>What messages cost on the wire, with numbers as large as a long run makes them.</summary>
public sealed class MessageSizeTests
{
    private const long Epoch = (3L << 32) + 100_000;

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
            Group = 639_999, Epoch = Epoch, Sampling = task.Specification,
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
        const int group = 639_999, window = 999_999, resampling = 100_000;
        var envelope = Envelope.Create(
            SampleMessages.Run, "coordinator", $"group-{group}", Epoch, 10_000_000);
        var weights = SampleMessages.Weights();
        weights.Count = 100;
        weights.FirstFamily = weights.LastFamily = 1 << 29;
        weights.LastFamilySum = 0;
        weights.Evaluations = weights.Jumps = 1_000_000;
        var scale = new Actors.Protocol.GroupScale { Slots = 1_000_000, Scale = 0.3, Total = 1.7 };
        switch (body)
        {
            case Body.AdvanceLimit:
                envelope.AdvanceLimit = new AdvanceLimit
                {
                    Group = group, Attempt = 3, Version = Epoch, Settled = window, Limit = window,
                    Resampling = resampling, AllStored = true, StoreFrom = window,
                };
                break;
            case Body.SnapshotStored:
                envelope.SnapshotStored = new SnapshotStored
                {
                    Group = group, Epoch = Epoch, Attempt = 3, Window = window, Resampling = resampling,
                };
                break;
            case Body.PlacementRequest:
                envelope.PlacementRequest = new PlacementRequest { Group = group };
                break;
            case Body.GroupReady:
                envelope.GroupReady = new GroupReady
                {
                    Group = group, Epoch = Epoch, Attempt = 3, Resampling = resampling, StoredWindow = window,
                    StoredResampling = resampling,
                };
                break;
            case Body.TransferRequest:
                envelope.TransferRequest = new TransferRequest
                {
                    Attempt = 3, Resampling = resampling, FromGroup = group, ToGroup = group,
                };
                break;
            case Body.TransferForgotten:
                envelope.TransferForgotten = new TransferForgotten
                {
                    Attempt = 3, Resampling = resampling, ToGroup = group,
                };
                break;
            case Body.ResidualShare:
                envelope.ResidualShare = new ResidualShare
                {
                    Group = group, Attempt = 3, Resampling = resampling, Window = window, Certain = 100,
                    Fractions = 7.5,
                };
                break;
            case Body.Rewind:
                envelope.Rewind = new Rewind
                {
                    Group = group, Attempt = 3, Window = window, Resampling = resampling, Scale = scale,
                };
                break;
            case Body.GroupSummary:
                envelope.GroupSummary = new GroupSummary
                {
                    Group = group, Attempt = 3, Window = window, Resampling = resampling, Weights = weights,
                };
                break;
            default:
                envelope.ResamplingPlan = Plan(group, window, resampling, scale);
                break;
        }
        int bytes = _codec.Encode(envelope).Length;
        TestContext.Current.TestOutputHelper?.WriteLine($"{body}: {bytes} bytes");
        Assert.InRange(bytes, 40, most);
    }

    private static ResamplingPlan Plan(
        int group, int window, int resampling, Actors.Protocol.GroupScale scale) => new()
        {
            Group = group,
            Attempt = 3,
            Resampling = resampling,
            Window = window,
            Scale = scale,
            Before = 1.2,
            Total = 1.7,
            Points = new Actors.Protocol.PointRange
            {
                Of = 1_000_000, First = 500_000, Count = 100, SpacingsBefore = 5e5, Spacings = 1e6,
            },
            FirstOffspring = 1 << 29,
            Offspring = 100,
            Outgoing =
            {
                new SlotTransfer { Group = group - 1, FirstSlot = 1 << 29, Count = 5 },
                new SlotTransfer { Group = group + 1, FirstSlot = (1 << 29) + 50, Count = 5 },
            },
            Incoming = { new SlotTransfer { Group = group - 1, FirstSlot = 1 << 29, Count = 5 } },
        };
}
