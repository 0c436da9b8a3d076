using System.Security.Cryptography;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

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
            With(e => e.AdvanceLimit = new AdvanceLimit { Group = 1, Settled = 3, Limit = 7 }),
            With(e => e.Rewind = new Rewind { Group = 1, Window = 3, Resampling = 2 }),
            With(e => e.ResamplingPlan = Plan()),
            With(e => e.GroupSummary = Summary()),
            With(e => e.SnapshotStored = new SnapshotStored { Group = 1, Window = 3, Sha256 = Digest([1]) }),
            With(e => e.WalkerTransfer = Transfer()),
            With(e => e.Snapshot = WalkerPacking.ToSnapshot(Population(Potts), Potts, 1, 3, 2,
                population: 100)),
            With(e => e.ParameterVersion = new ParameterVersion
            {
                Data = ByteString.CopyFrom(5, 6, 7), Sha256 = Digest([5, 6, 7]), Update = 100,
            }),
            With(e => e.RolloutSlice = Slice()),
            With(e => e.BatchRequest = new BatchRequest { Update = 4, Pairs = 400 }),
            With(e => e.Batch = Batch()),
            With(e => e.ControlRequest = new ControlRequest
            {
                Request = 3, Command = ControlRequest.Types.Command.Set, Key = "sampling.threshold",
                    Value = "0.4",
            }),
            With(e => e.ControlReply = Reply()),
            With(e => e.Failure = new Failure { Actor = "group-1", Cause = "Walker 7, window 3: λ is NaN." }),
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

    private static StartGroup Start() => new()
    {
        Group = 1,
        Groups = 4,
        FirstSlot = 25,
        Count = 25,
        Population = 100,
        Epoch = 3,
        Times = { TimeGrid.Uniform(8) },
        Target = TargetPacking.ToMessage(Potts),
        Options = new SamplingOptions
        {
            Seed = ulong.MaxValue,
            Integrator = SamplingOptions.Types.Integrator.Exact,
            Kernel = SamplingOptions.Types.Kernel.HeatBathSweep,
            Sweeps = 2,
            Device = "cpu-avx2",
        },
        Parameters = Digest([5, 6, 7]),
        FirstWindow = 2,
        Resampling = 1,
        Observables = { "energy", "|m|" },
    };

    private static ResamplingPlan Plan() => new()
    {
        Group = 1,
        Resampling = 2,
        Window = 3,
        Population = 100,
        Offset = 0.25,
        MaxLogWeight = -2,
        WeightBefore = 10,
        TotalWeight = 40,
        FirstOffspring = 20,
        Offspring = 35,
        Outgoing =
        {
            new SlotTransfer { Group = 0, FirstSlot = 20, Count = 5 },
            new SlotTransfer { Group = 2, FirstSlot = 50, Count = 5 },
        },
    };

    private static GroupSummary Summary() => new()
    {
        Group = 1,
        Epoch = 2,
        Window = 3,
        Resampling = 1,
        Count = 25,
        MaxLogWeight = -0.5,
        WeightSum = 12,
        SquaredWeightSum = 8,
        Evaluations = 400,
        Jumps = 300,
        ObservableSums = { -300.5, 4.25 },
    };

    private static WalkerTransfer Transfer()
    {
        var transfer = WalkerPacking.ToTransfer(Population(Ising), Ising, [0, 2, 2, 5], 60,
            keepLogWeights: true);
        transfer.Resampling = 2;
        transfer.FromGroup = 1;
        transfer.ToGroup = 2;
        transfer.Population = 100;
        return transfer;
    }

    private static RolloutSlice Slice()
    {
        var walkers = Population(Potts);
        return new RolloutSlice
        {
            Rollout = 7,
            Slice = 2,
            Slices = 9,
            Time = 0.25,
            Walkers = WalkerPacking.Pack(walkers.States, walkers.Count, Potts),
            LogWeights = { walkers.LogWeights },
            Parameters = Digest([5, 6, 7]),
        };
    }

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
