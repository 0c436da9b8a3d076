using System.Security.Cryptography;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Actors.WalkerGroup;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using GroupScale = Leaps.Actors.Protocol.GroupScale;
using PointRange = Leaps.Actors.Protocol.PointRange;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>One sound message of every kind.</summary>
internal static class SampleMessages
{
    public static readonly Guid Run = new("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");

    public static readonly Target Ising = new IsingTarget(new Lattice(3, 5), Schedule(field: 0.2));
    public static readonly Target Potts = new PottsTarget(new Lattice(4, 4), 3, Schedule());

    public static CouplingSchedule Schedule(double field = 0) =>
        new(ScheduleShape.Trig, new Couplings(0.1, field / 2, 0), new Couplings(0.4, field, 0.75, 2), 0.3);

    public static Envelope Empty() => Envelope.Create(Run, "group-1", "coordinator", epoch: 2, sequence: 9);

    /// <summary>By body, so that a kind without a sample fails the test that counts them.</summary>
    public static Dictionary<Envelope.BodyOneofCase, Envelope> All()
    {
        Envelope[] all =
        [
            With(e => e.StartGroup = Start()),
            With(e => e.AdvanceLimit = new AdvanceLimit
            {
                Group = 1, Attempt = 1, Version = 5, Settled = 3, Limit = 7, Resampling = 1, AllStored = true,
                StoreFrom = 2,
            }),
            With(e => e.Rewind = new Rewind
            {
                Group = 1, Attempt = 1, Window = 3, Resampling = 2, Scale = Scale(),
            }),
            With(e => e.ResamplingPlan = Plan()),
            With(e => e.GroupSummary = new GroupSummary
            {
                Group = 1, Attempt = 1, Window = 3, Resampling = 1, Weights = Weights(),
            }),
            With(e => e.SnapshotStored = new SnapshotStored
            {
                Group = 1, Epoch = 2, Attempt = 1, Window = 3, Resampling = 2,
            }),
            With(e => e.WalkerTransfer = Transfer()),
            With(e => e.Snapshot = Snapshot()),
            With(e => e.ParameterVersion = Version()),
            With(e => e.RolloutMade = new RolloutMade
            {
                Index = 7, Rollout = ByteString.CopyFrom(1, 2, 3),
            }),
            With(e => e.RolloutOrder = new RolloutOrder
            {
                Index = 7, DueUpdate = 100, Parameters = Version(),
            }),
            With(e => e.RolloutStored = new RolloutStored { Index = 7 }),
            With(e => e.BufferQuery = new BufferQuery { Epoch = 3 }),
            With(e => e.BufferReady = new BufferReady { Epoch = 3, Rollouts = { 3, 4, 5 } }),
            With(e => e.TrainerSaved = new TrainerSaved { Update = 100 }),
            With(e => e.BatchRequest = new BatchRequest { Update = 4, Pairs = 400 }),
            With(e => e.Batch = Batch()),
            With(e => e.ControlRequest = new ControlRequest
            {
                Request = 3, Command = ControlRequest.Types.Command.Set, Key = "sampling.threshold",
                    Value = "0.4",
            }),
            With(e => e.ControlReply = Reply()),
            With(e => e.Failure = new Failure { Actor = "group-1", Cause = "Walker 7, window 3: λ is NaN." }),
            With(e => e.PlacementRequest = new PlacementRequest { Group = 1 }),
            With(e => e.GroupReady = new GroupReady
            {
                Group = 1, Epoch = 2, Attempt = 1, Resampling = 2, StoredWindow = 3, StoredResampling = 2,
            }),
            With(e => e.ResidualShare = Residual()),
            With(e => e.TransferRequest = new TransferRequest
            {
                Attempt = 1, Resampling = 2, FromGroup = 1, ToGroup = 2,
            }),
            With(e => e.TransferForgotten = new TransferForgotten
            {
                Attempt = 1, Resampling = 2, ToGroup = 2,
            }),
            With(e => e.NodeHeartbeat = ClusterSamples.Heartbeat()),
            With(e => e.Assignment = ClusterSamples.Assignment()),
            With(e => e.ClusterRequest = ClusterSamples.Request()),
            With(e => e.ClusterReply = ClusterSamples.Reply()),
        ];
        return all.ToDictionary(e => e.BodyCase);
    }

    public static Envelope Of(Envelope.BodyOneofCase body) => All()[body];

    public static Walkers Population(Target target, int count = 6, long firstSlot = 10)
    {
        var walkers = Walkers.Uniform(target, count, seed: 5, firstSlot);
        for (int m = 0; m < count; m++)
            walkers.LogWeights[m] = -3.7 + Math.Sqrt(m);
        return walkers;
    }

    public static ByteString Digest(byte[] data) => ByteString.CopyFrom(SHA256.HashData(data));

    private static Envelope With(Action<Envelope> set)
    {
        var envelope = Empty();
        set(envelope);
        return envelope;
    }

    public static SamplingSpecification Sampling() => new()
    {
        Target = TargetPacking.ToMessage(Potts),
        Options = new SamplingOptions
        {
            Seed = ulong.MaxValue,
            Integrator = SamplingOptions.Types.Integrator.Exact,
            Kernel = SamplingOptions.Types.Kernel.HeatBathSweep,
            Sweeps = 2,
            Threshold = 0.5,
            Scheme = SamplingOptions.Types.Scheme.Residual,
        },
        Times = { TimeGrid.Uniform(8) },
        Replicas = 2,
        Walkers = 50,
        Groups = 2,
        Parameters = Digest([5, 6, 7]),
        Device = "simd-fma",
        RunAhead = 4,
        TargetStandardError = 0.01,
    };

    public static GroupWeights Weights() => new()
    {
        Count = 25,
        MaxLogWeight = -0.5,
        Sum = 12,
        SumOfSquares = 8,
        FirstFamily = 24,
        LastFamily = 51,
        FirstFamilySum = 2,
        LastFamilySum = 3,
        InnerSquares = 4,
        Evaluations = 400,
        Jumps = 300,
    };

    public static ResidualShare Residual() =>
        new() { Group = 1, Attempt = 1, Resampling = 2, Window = 3, Certain = 17, Fractions = 7.5 };

    private static StartGroup Start() =>
        new() { Group = 1, Epoch = (3L << 32) + 7, Attempt = 1, Sampling = Sampling() };

    private static GroupScale Scale() => new() { Slots = 100, Scale = 0.5, Total = 40 };

    private static ResamplingPlan Plan() => new()
    {
        Group = 1,
        Attempt = 1,
        Resampling = 2,
        Window = 3,
        Scale = Scale(),
        Before = 10,
        Total = 40,
        Points = new PointRange { Of = 100, First = 20, Count = 35, SpacingsBefore = 19.5, Spacings = 101 },
        FirstOffspring = 20,
        Offspring = 35,
        Outgoing =
        {
            new SlotTransfer { Group = 0, FirstSlot = 20, Count = 5 },
            new SlotTransfer { Group = 2, FirstSlot = 50, Count = 5 },
        },
        Incoming = { new SlotTransfer { Group = 3, FirstSlot = 75, Count = 5 } },
        Again = true,
    };

    private static WalkerTransfer Transfer()
    {
        var transfer = GroupWalkers.Of(Population(Ising), Ising).Offspring([0, 2, 2, 5], 60);
        transfer.Attempt = 1;
        transfer.Resampling = 2;
        transfer.FromGroup = 1;
        transfer.ToGroup = 2;
        return transfer;
    }

    private static Snapshot Snapshot()
    {
        var snapshot = GroupWalkers.Of(Population(Potts), Potts).ToSnapshot();
        snapshot.Group = 1;
        snapshot.Attempt = 1;
        snapshot.Window = 3;
        snapshot.Resampling = 2;
        snapshot.Outgoing.Add(Transfer());
        return snapshot;
    }

    private static ParameterVersion Version() => new()
    {
        Values = ByteString.CopyFrom(5, 6, 7, 8),
        Sha256 = Digest([5, 6, 7, 8]),
        Update = 100,
    };

    private static Batch Batch() => new()
    {
        Update = 4,
        Times = { 0, 0.5, 0.5, 0.5, 0.75, 1 },
        Walkers = WalkerPacking.Pack(Population(Potts).States, 6, Potts),
    };

    private static ControlReply Reply() => new()
    {
        Request = 3,
        Accepted = true,
        Text = "running",
        Entries = { new ControlReply.Types.Entry { Key = "window", Value = "3 of 8" } },
    };
}
