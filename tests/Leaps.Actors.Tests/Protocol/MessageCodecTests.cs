using Google.Protobuf;
using Leaps.Actors.Protocol;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>
/// Sound messages come back the same; every other is refused with a line that names what is wrong.
/// </summary>
public sealed class MessageCodecTests
{
    private readonly MessageCodec _codec = new(SampleMessages.Run);

    public static TheoryData<Body> Bodies => [.. Enum.GetValues<Body>().Where(body => body != Body.None)];

    [Theory]
    [MemberData(nameof(Bodies))]
    public void A_message_of_every_kind_comes_back_the_same(Body body)
    {
        var envelope = SampleMessages.Of(body);
        Assert.Equal(envelope, _codec.Decode(_codec.Encode(envelope)));
    }

    [Fact]
    public void A_message_of_another_protocol_is_refused_by_name_and_number()
    {
        var envelope = SampleMessages.Of(Body.Rewind);
        envelope.Protocol = 7;
        const string expected = "message from protocol 7; this is leaps-protocol 1: " +
            "run the same version of Leaps on every node.";
        Assert.Equal(expected, Refusal(envelope.ToByteArray()));
        // Bodies that only protocol 7 knows don't hide it: fields 100 and 101.
        Assert.Equal(expected, Refusal([0x08, 7, 0xA2, 0x06, 0, 0xAA, 0x06, 1, 9]));
        Assert.Throws<ProtocolException>(() => _codec.Encode(envelope));
    }

    [Fact]
    public void A_message_without_a_protocol_is_refused()
    {
        Assert.StartsWith("message without a protocol version", Refusal([]));
        var envelope = SampleMessages.Of(Body.Rewind);
        envelope.Protocol = 0;
        Assert.StartsWith("message without a protocol version", Refusal(envelope.ToByteArray()));
    }

    [Fact]
    public void A_message_of_another_run_is_refused_with_both_names()
    {
        var other = new Guid("11111111-2222-3333-4444-555555555555");
        var envelope = SampleMessages.Of(Body.Rewind);
        envelope.RunId = Envelope.RunIdBytes(other);
        Assert.Equal(
            $"message of run {other}; this is run {SampleMessages.Run}: it was sent to the wrong run.",
            Refusal(envelope.ToByteArray()));
        envelope.RunId = ByteString.CopyFrom(1, 2);
        Assert.Equal("message whose run id has 2 bytes: 16 are needed.", Refusal(envelope.ToByteArray()));
    }

    [Fact]
    public void A_message_has_exactly_one_body()
    {
        Assert.StartsWith("message without a body", Refusal(SampleMessages.Empty().ToByteArray()));
        Assert.Throws<ProtocolException>(() => _codec.Encode(SampleMessages.Empty()));
        byte[] one = _codec.Encode(SampleMessages.Of(Body.Rewind)), two =
            _codec.Encode(SampleMessages.Of(Body.Failure));
        Assert.Equal("message with more than one body: exactly one is allowed.", Refusal([.. one, .. two]));
    }

    [Fact]
    public void Sizes_are_bounded_for_the_whole_and_for_bodies_of_small_parts()
    {
        Assert.StartsWith("message of 67,108,865 bytes: at most 67,108,864 are allowed",
            Refusal(new byte[MessageCodec.DefaultMaximumBytes + 1]));
        var envelope = SampleMessages.Of(Body.Failure);
        envelope.Failure.Cause = new string('x', MessageCodec.SmallBodyMaximumBytes);
        Assert.StartsWith("Failure of 1,048,", Refusal(envelope.ToByteArray()));
        Assert.Throws<ProtocolException>(() => _codec.Encode(envelope));
        var small = new MessageCodec(SampleMessages.Run, maximumBytes: 100);
        Assert.Throws<ProtocolException>(() => small.Encode(SampleMessages.Of(Body.Snapshot)));
    }

    [Fact]
    public void Fields_that_a_later_version_of_the_same_protocol_adds_are_skipped()
    {
        var envelope = SampleMessages.Of(Body.Rewind);
        byte[] extended = [.. _codec.Encode(envelope), 0x78, 5];        // field 15 = 5
        Assert.Equal(envelope, _codec.Decode(extended));
    }

    public static TheoryData<Body, Action<Envelope>, string> Mistakes => new()
    {
        { Body.Rewind, e => e.Sender = "group 1\n", "message header: sender is not the name of an actor" },
        { Body.Rewind, e => e.Recipient = "", "message header: recipient is not" },
        { Body.Rewind, e => e.Epoch = 0, "epoch is 0; it must be at least 1." },
        { Body.Rewind, e => e.Sequence = -4, "sequence is -4; it must be at least 1." },
        { Body.Rewind, e => e.Rewind.Window = 0,
            "Rewind 9 from group-1: window is 0; it must be at least 1." },
        { Body.Rewind, e => e.Rewind.Resampling = 0, "resampling is 0; it must be at least 1." },
        { Body.Rewind, e => e.Rewind.Scale = null, "scale is missing." },
        { Body.Rewind, e => e.Rewind.Scale.Slots = 0, "scale.slots is 0; it must be at least 1." },
        { Body.Rewind, e => e.Rewind.Scale.Scale = 1.5, "scale.scale is 1.5; it must be from 0 to 1." },
        { Body.Rewind, e => e.Rewind.Scale.Total = 0, "scale.total is 0;" },
        { Body.StartGroup, e => e.StartGroup.Group = 4, "group is 4; it must be at most 3." },
        { Body.StartGroup, e => e.StartGroup.Epoch = 0, "epoch is 0; it must be at least 1." },
        { Body.StartGroup, e => e.StartGroup.Attempt = -1, "attempt is -1; it must be at least 0." },
        { Body.StartGroup, e => e.StartGroup.Sampling = null, "sampling is missing." },
        { Body.StartGroup, e => Sampling(e).Replicas = 0, "replicas is 0; it must be at least 1." },
        { Body.StartGroup, e => Sampling(e).Walkers = int.MaxValue / 2 + 1, "walkers is 1073741824;" },
        { Body.StartGroup, e => Sampling(e).Groups = 51, "groups is 51; it must be at most 50." },
        { Body.StartGroup, e => Sampling(e).RunAhead = 0, "run_ahead is 0; it must be at least 1." },
        { Body.StartGroup, e => Sampling(e).TargetStandardError = double.NaN,
            "target_standard_error is NaN;" },
        { Body.StartGroup, e => Sampling(e).Times[4] = Sampling(e).Times[3],
            "times do not rise at 4: 0.375 after 0.375." },
        { Body.StartGroup, e => Sampling(e).Times[4] = double.NaN, "times[4] is NaN" },
        { Body.StartGroup, e => Sampling(e).Times.Clear(), "times has no window" },
        { Body.StartGroup, e => Sampling(e).Target = null, "target is missing." },
        { Body.StartGroup, e => Sampling(e).Target.Start = null, "target.start is missing." },
        { Body.StartGroup, e => Sampling(e).Target.End.J = double.PositiveInfinity, "target.end.j is" },
        { Body.StartGroup, e => Sampling(e).Options = null, "options is missing." },
        { Body.StartGroup, e => Sampling(e).Options.Integrator = 0,
            "options.integrator is 0; it is none of the choices" },
        { Body.StartGroup, e => Sampling(e).Options.Kernel = (SamplingOptions.Types.Kernel)99,
            "options.kernel is 99" },
        { Body.StartGroup, e => Sampling(e).Options.Scheme = 0, "options.scheme is 0" },
        { Body.StartGroup, e => Sampling(e).Options.Threshold = -0.1, "options.threshold is -0.1;" },
        { Body.StartGroup, e => Sampling(e).Options.Rate = double.PositiveInfinity, "options.rate is" },
        { Body.StartGroup, e => Sampling(e).Parameters = ByteString.CopyFrom(1),
            "parameters has 1 bytes; a SHA-256 has 32." },
        { Body.AdvanceLimit, e => e.AdvanceLimit.Version = 0, "version is 0; it must be at least 1." },
        { Body.AdvanceLimit, e => e.AdvanceLimit.Limit = -1, "limit is -1; it must be at least 0." },
        { Body.AdvanceLimit, e => e.AdvanceLimit.StoreFrom = 4, "store_from is 4; it must be at most 3." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Scale = null, "scale is missing." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Before = 41,
            "before is 41; it must be from 0 to 40." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Total = double.NaN, "total is NaN;" },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Points = null, "points is missing." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Points.First = 101,
            "points.first is 101; it must be at most 100." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Points.Count = 81,
            "points.count is 81; it must be at most 80." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Points.SpacingsBefore = 102,
            "points.spacings_before is 102;" },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Offspring = 34,
            "offspring is 34; it must be at least 35." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Offspring = 101,
            "offspring is 101; it must be at most 100." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Outgoing[0].Count = 36,
            "outgoing.count is 36; it must be at most 35." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Outgoing[1].FirstSlot = 24,
            "outgoing.first_slot is 24; it must be at least 25." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Outgoing[1].Group = 1,
            "outgoing has a transfer of group 1 with itself." },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Incoming[0].Group = 1,
            "incoming has a transfer of group 1 with itself." },
        { Body.GroupSummary, e => e.GroupSummary.Weights = null, "weights is missing." },
        { Body.GroupSummary, e => e.GroupSummary.Window = 0, "window is 0; it must be at least 1." },
        { Body.GroupSummary, e => Weights(e).Count = 0, "weights.count is 0; it must be at least 1." },
        { Body.GroupSummary, e => Weights(e).MaxLogWeight = double.NegativeInfinity,
            "weights.max_log_weight is" },
        { Body.GroupSummary, e => Weights(e).Sum = double.NaN, "weights.sum is NaN; it must be from 1 to" },
        { Body.GroupSummary, e => Weights(e).Sum = 26, "weights.sum is 26;" },
        { Body.GroupSummary, e => Weights(e).SumOfSquares = 12.1, "weights.sum_of_squares is 12.1;" },
        { Body.GroupSummary, e => Weights(e).LastFamily = 23,
            "weights.last_family is 23; it must be at least 24." },
        { Body.GroupSummary, e => Weights(e).FirstFamilySum = 26, "weights.first_family_sum is 26;" },
        { Body.GroupSummary, e => Weights(e).InnerSquares = 626, "weights.inner_squares is 626;" },
        { Body.GroupSummary, e => Weights(e).Jumps = -1, "weights.jumps is -1;" },
        { Body.SnapshotStored, e => e.SnapshotStored.Resampling = -1, "resampling is -1;" },
        { Body.SnapshotStored, e => e.SnapshotStored.Epoch = 0, "epoch is 0; it must be at least 1." },
        { Body.AdvanceLimit, e => e.AdvanceLimit.Attempt = -1, "attempt is -1;" },
        { Body.Rewind, e => e.Rewind.Attempt = -1, "attempt is -1;" },
        { Body.ResamplingPlan, e => e.ResamplingPlan.Attempt = -1, "attempt is -1;" },
        { Body.GroupReady, e => e.GroupReady.StoredResampling = 3,
            "stored_resampling is 3; it must be at most 2." },
        { Body.PlacementRequest, e => e.PlacementRequest.Group = -1, "group is -1;" },
        { Body.ResidualShare, e => e.ResidualShare.Fractions = -1, "fractions is -1;" },
        { Body.ResidualShare, e => e.ResidualShare.Window = 0, "window is 0; it must be at least 1." },
        { Body.TransferRequest, e => e.TransferRequest.Resampling = 0, "resampling is 0;" },
        { Body.TransferForgotten, e => e.TransferForgotten.ToGroup = -1, "to_group is -1;" },
        { Body.WalkerTransfer, e => e.WalkerTransfer.Walkers = null, "walkers is missing." },
        { Body.WalkerTransfer, e => e.WalkerTransfer.FirstSlot = int.MaxValue - 3,
            "first_slot 2147483644 with 4 walkers reaches beyond" },
        { Body.WalkerTransfer, e => e.WalkerTransfer.FirstSlot = long.MaxValue,
            "first_slot is 9223372036854775807" },
        { Body.WalkerTransfer, e => e.WalkerTransfer.Families.RemoveAt(0),
            "families has 3 entries; it must have 4." },
        { Body.Snapshot, e => e.Snapshot.Outgoing[0].Walkers = null, "walkers is missing." },
        { Body.Snapshot, e => e.Snapshot.LogWeights.Clear(), "log_weights has 0 entries; it must have 6." },
        { Body.Snapshot, e => e.Snapshot.LogWeights[2] = double.NaN,
            "log_weights[2] is NaN; it must be finite." },
        { Body.Snapshot, e => e.Snapshot.Families.Add(1), "families has 7 entries; it must have 6." },
        { Body.Snapshot, e => e.Snapshot.Families[5] = int.MaxValue,
            "families[5] is 2147483647; the population has 2147483647 walkers." },
        { Body.Snapshot, e => e.Snapshot.Families[5] = -1, "families[5] is -1;" },
        { Body.Snapshot, e => e.Snapshot.Walkers.Count = 7,
            "walkers: 24 bytes; 7 states, 16 sites, 3 values, take 4 bytes each." },
        { Body.Snapshot, e => e.Snapshot.Walkers.Count = int.MaxValue,
            "walkers: 24 bytes; 2147483647 states" },
        { Body.Snapshot, e => e.Snapshot.Walkers.Sites = 0, "walkers.sites is 0; it must be at least 1." },
        { Body.Snapshot, e => e.Snapshot.Walkers.States = 257,
            "walkers.states is 257; it must be at most 256." },
        { Body.Snapshot, e => e.Snapshot.Walkers.Packed = ByteString.CopyFrom([.. new byte[23], 0xC0]),
            "walkers: site 15 of state 5 is 3; 3 values are 0 to 2." },
        { Body.ParameterVersion, e => e.ParameterVersion.Values = ByteString.CopyFrom(5, 6, 7, 9),
            "sha256 is not that of values" },
        { Body.ParameterVersion, e => e.ParameterVersion.Values = ByteString.CopyFrom(5, 6, 7),
            "values has 3 bytes; a float32 has 4." },
        { Body.RolloutMade, e => e.RolloutMade.Rollout = ByteString.Empty, "rollout is missing." },
        { Body.RolloutMade, e => e.RolloutMade.Index = -1, "index is -1; it must be at least 0." },
        { Body.RolloutOrder, e => e.RolloutOrder.Parameters = null, "parameters is missing." },
        { Body.RolloutOrder, e => e.RolloutOrder.DueUpdate = -1, "due_update is -1;" },
        { Body.RolloutStored, e => e.RolloutStored.Index = -1, "index is -1;" },
        { Body.BufferReady, e => e.BufferReady.Rollouts[1] = -1, "rollouts is -1;" },
        { Body.TrainerSaved, e => e.TrainerSaved.Update = -1, "update is -1;" },
        { Body.BatchRequest, e => e.BatchRequest.Pairs = 0, "pairs is 0; it must be at least 1." },
        { Body.Batch, e => e.Batch.Times[2] = 0.4, "times do not rise at 2: 0.4 after 0.5." },
        { Body.Batch, e => e.Batch.Times.RemoveAt(0), "times has 5 entries; it must have 6." },
        { Body.ControlRequest, e => e.ControlRequest.Command = 0, "command is 0" },
        { Body.ControlRequest, e => e.ControlRequest.Key = "", "key is for the command 'set'" },
        { Body.Failure, e => e.Failure.Actor = "", "actor is not the name of an actor" },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_is_refused_before_sending_and_on_receipt(Body body, Action<Envelope> spoil,
        string expected)
    {
        var envelope = SampleMessages.Of(body);
        spoil(envelope);
        string refusal = Refusal(envelope.ToByteArray());
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
        Assert.Equal(refusal, Assert.Throws<ProtocolException>(() => _codec.Encode(envelope)).Message);
    }

    private static SamplingSpecification Sampling(Envelope envelope) => envelope.StartGroup.Sampling;

    private static GroupWeights Weights(Envelope envelope) => envelope.GroupSummary.Weights;

    private string Refusal(byte[] message)
    {
        string line = Assert.Throws<ProtocolException>(() => _codec.Decode(message)).Message;
        Assert.DoesNotContain('\n', line);
        return line;
    }
}
