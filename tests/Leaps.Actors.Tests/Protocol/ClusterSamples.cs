using Google.Protobuf;
using Leaps.Actors.Protocol;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>A sound message of every kind that a cluster adds.</summary>
internal static class ClusterSamples
{
    private static ByteString Session =>
        ByteString.CopyFrom([.. Enumerable.Range(1, 16).Select(i => (byte)i)]);

    public static NodeHeartbeat Heartbeat() => new()
    {
        Node = "n1",
        Session = Session,
        Beat = 7,
        Host = "host-1.example",
        Process = 4711,
        Version = "0.1.0",
        Device = "simd-fma",
        Threads = 8,
        Speed = 12_500,
        SchedulerEpoch = 3,
        Assignment = 12,
        Sound = 3600.5,
        Hosted =
        {
            new HostedActor
            {
                Address = Address("run", "home"),
                Needs = new RunNeeds
                {
                    Device = "simd-fma", Sampling = "sampling-1", Replicas = { 0, 2 }, Groups = 4,
                },
            },
            new HostedActor
            {
                Address = new ActorAddress { RunId = Session, Part = "run", Actor = "home" },
                Concluded = new RunConcluded
                {
                    Outcome = RunConcluded.Types.Outcome.Stopped, Text = "the disk is full",
                },
            },
            new HostedActor { Address = Address("sampling-1", "group-3"), Leaving = true },
        },
        Lost =
        {
            new LostActor
            {
                Address = Address("run", "rollout-maker"), Cause = "out of memory", Assignment = 9,
            },
        },
        Leaving = true,
    };

    public static Assignment Assignment() => new()
    {
        Node = "n1",
        Session = Session,
        SchedulerEpoch = 3,
        Version = 13,
        ClusterThreads = 24,
        Actors =
        {
            new AssignedActor { Address = Address("run", "home"), Resumptions = 2 },
            new AssignedActor { Address = Address("sampling-1", "group-3"), Leave = true },
        },
    };

    public static ClusterRequest Request() => new()
    {
        Request = 5,
        Command = ClusterRequest.Types.Command.Submit,
        Submit = new SubmitRun
        {
            RunId = Session,
            Name = "ising-15",
            Configuration = "target: {kind: ising}\n",
            Model = ByteString.CopyFrom(1, 2, 3),
            OnlyTrains = true,
        },
    };

    public static ClusterReply Reply() => new()
    {
        Request = 5,
        Accepted = true,
        Text = "running",
        Entries = { new ControlReply.Types.Entry { Key = "window", Value = "3 of 8" } },
        Runs =
        {
            new RunOverview
            {
                RunId = Session, Name = "ising-15", Owner = "ada", State = "running",
                Submitted = 1_700_000_000, Home = "n1", Actors = 5, Scale = 2,
            },
        },
        Nodes =
        {
            new NodeOverview
            {
                Node = "n1", Host = "host-1.example", Process = 4711, Version = "0.1.0", Device = "simd-fma",
                Threads = 8, Speed = 12_500, State = "draining", Actors = 3, Schedules = true, Silent = 1.5,
            },
        },
        Bytes = ByteString.CopyFrom(4, 5),
        Length = 1000,
    };

    private static ActorAddress Address(string part, string actor) => new()
    {
        RunId = Envelope.RunIdBytes(SampleMessages.Run),
        Part = part,
        Actor = actor,
    };
}
