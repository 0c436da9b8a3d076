using Google.Protobuf;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Body = Leaps.Actors.Protocol.Envelope.BodyOneofCase;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>Messages of a cluster, and the scheduler's journal: what is wrong is named.</summary>
public sealed class ClusterValidationTests
{
    private readonly MessageCodec _codec = new(SampleMessages.Run);

    public static TheoryData<Body, Action<Envelope>, string> Mistakes => new()
    {
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Node = "a/b", "node must be 1 to 100 letters" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Session = ByteString.CopyFrom(1), "session has 1 bytes" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Beat = 0, "beat is 0; it must be at least 1." },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Speed = 0, "speed is 0;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Speed = double.PositiveInfinity, "speed is" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Threads = 0, "threads is 0;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Host = new string('x', 301), "host (its length) is 301;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.SchedulerEpoch = 1L << 31,
            "scheduler_epoch is 2147483648" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Assignment = -1, "assignment is -1;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Sound = double.NaN, "sound is NaN;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Hosted[0].Address = null, "hosted.address is missing." },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Hosted[0].Address.Part = "",
            "hosted.address.part is not" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Hosted[2].Needs = new RunNeeds(), "as only a home has." },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Hosted[1].Concluded.Outcome = 0,
            "hosted.concluded.outcome is 0;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Hosted.Add(e.NodeHeartbeat.Hosted[2].Clone()),
            "hosted has group-3 of one run twice." },
        { Body.NodeHeartbeat, e => Needs(e).Groups = 0, "hosted.needs.groups is 0;" },
        { Body.NodeHeartbeat, e => Needs(e).Replicas.Add(2), "hosted.needs.replicas is 2;" },
        { Body.NodeHeartbeat, e => Needs(e).Groups = 1 << 20, "hosted.needs (groups of all replicas)" },
        { Body.NodeHeartbeat, e => Needs(e).Replicas.Add(int.MaxValue - 1), "hosted.needs.replicas is" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Lost[0].Assignment = -1, "lost.assignment is -1;" },
        { Body.NodeHeartbeat, e => e.NodeHeartbeat.Lost.Add(
            Enumerable.Repeat(e.NodeHeartbeat.Lost[0], 100)), "lost (how many) is 101;" },
        { Body.Assignment, e => e.Assignment.SchedulerEpoch = 0, "scheduler_epoch is 0;" },
        { Body.Assignment, e => e.Assignment.Version = 0, "version is 0;" },
        { Body.Assignment, e => e.Assignment.ClusterThreads = 0, "cluster_threads is 0;" },
        { Body.Assignment, e => e.Assignment.Session = ByteString.Empty, "session has 0 bytes" },
        { Body.Assignment, e => e.Assignment.Actors[1].Address.RunId = ByteString.Empty,
            "actors.address.run_id has 0 bytes" },
        { Body.Assignment, e => e.Assignment.Actors.Add(e.Assignment.Actors[0].Clone()),
            "actors has home of one run twice." },
        { Body.ClusterRequest, e => e.ClusterRequest.Command = 0, "command is 0;" },
        { Body.ClusterRequest, e => e.ClusterRequest.Submit = null, "submit is for the command 'submit'" },
        { Body.ClusterRequest, e => e.ClusterRequest.Submit.Name = "my run", "submit.name must be" },
        { Body.ClusterRequest, e => e.ClusterRequest.Submit.Configuration = "",
            "submit.configuration is missing." },
        { Body.ClusterRequest, e => e.ClusterRequest.Submit.RunId = ByteString.CopyFrom(1), "has 1 bytes" },
        { Body.ClusterRequest, e => Ask(e, ClusterRequest.Types.Command.Pause), "run is missing" },
        { Body.ClusterRequest, e => Ask(e, ClusterRequest.Types.Command.Drain), "key is missing" },
        { Body.ClusterRequest, e => Ask(e, ClusterRequest.Types.Command.Set, "r"), "key is missing" },
        { Body.ClusterRequest, e => e.ClusterRequest.Offset = -1, "offset is -1;" },
        { Body.ClusterReply, e => e.ClusterReply.Runs[0].RunId = ByteString.Empty, "runs.run_id has 0" },
        { Body.ClusterReply, e => e.ClusterReply.Nodes[0].Silent = double.NaN, "nodes.silent is NaN" },
        { Body.ClusterReply, e => e.ClusterReply.Length = -1, "length is -1;" },
    };

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public void A_mistake_is_refused_before_sending_and_on_receipt(
        Body body, Action<Envelope> spoil, string expected)
    {
        var envelope = SampleMessages.Of(body);
        spoil(envelope);
        byte[] message = envelope.ToByteArray();
        string refusal = Assert.Throws<ProtocolException>(() => _codec.Decode(message)).Message;
        Assert.Contains(expected, refusal, StringComparison.Ordinal);
        Assert.Equal(refusal, Assert.Throws<ProtocolException>(() => _codec.Encode(envelope)).Message);
    }

    [Fact]
    public void Models_and_files_may_be_large_and_the_actors_of_a_node_many()
    {
        var request = SampleMessages.Of(Body.ClusterRequest);
        request.ClusterRequest.Submit.Model = ByteString.CopyFrom(new byte[60 << 20]);
        Assert.Equal(request, _codec.Decode(_codec.Encode(request)));

        var assignment = SampleMessages.Of(Body.Assignment);
        for (int group = 0; group < 100_000; group++)
        {
            var address = assignment.Assignment.Actors[0].Address.Clone();
            address.Part = "sampling-1";
            address.Actor = ActorNames.Group(group + 10);
            assignment.Assignment.Actors.Add(new AssignedActor { Address = address });
        }
        Assert.InRange(_codec.Encode(assignment).Length, 1 << 20, MessageCodec.NodeMaximumBytes);

        var beat = SampleMessages.Of(Body.NodeHeartbeat);
        beat.NodeHeartbeat.Lost[0].Cause = new string('x', MessageCodec.NodeMaximumBytes);
        Assert.StartsWith("NodeHeartbeat of 9,43",
            Assert.Throws<ProtocolException>(() => _codec.Encode(beat)).Message);
    }

    [Fact]
    public void A_damaged_journal_of_the_scheduler_is_refused_with_the_events_number()
    {
        var epoch = new SchedulerEvent { EpochRaised = new EpochRaised { Epoch = 1 } };
        AssertRefused("event 2 of the scheduler was cut short", epoch.ToByteArray(), [0x0A, 9]);
        AssertRefused("event 1 of the scheduler is empty", [[]]);
        AssertRefused("event 1 of the scheduler is of a kind", [0xA2, 0x06, 0]);
        AssertRefused("epoch is 0; it must be at least 1",
            new SchedulerEvent { EpochRaised = new EpochRaised() }.ToByteArray());
        AssertRefused("run_id has 0 bytes", new SchedulerEvent { RunMoved = new RunMoved() }.ToByteArray());
        AssertRefused("node must be 1 to 100",
            new SchedulerEvent { NodeDrained = new NodeDrained() }.ToByteArray());
    }

    private static void AssertRefused(string expected, params byte[][] journal)
    {
        var events = journal.Select((bytes, index) => new JournalEvent(index + 1, bytes));
        var error = Assert.Throws<LeapsException>(() => SchedulerEvents.Read(events).ToArray());
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("scheduler", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static RunNeeds Needs(Envelope envelope) => envelope.NodeHeartbeat.Hosted[0].Needs;

    private static void Ask(Envelope envelope, ClusterRequest.Types.Command command, string run = "") =>
        envelope.ClusterRequest = new ClusterRequest { Request = 1, Command = command, Run = run };
}
