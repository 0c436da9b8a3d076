using System.Diagnostics;
using System.Globalization;
using Leaps.Actors;
using Leaps.Actors.Coordinator;
using Leaps.Actors.Journal;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime.Embedded;
using Leaps.Actors.WalkerGroup;
using Leaps.Model.Devices;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;

namespace Leaps.Benchmarks;

/// <summary>
/// What the actors cost: whole runs beside the plain call, in turn, and medians of the ratios.
/// </summary>
internal static class ActorFigures
{
    private const int Rounds = 5, ShortRounds = 11;

    public static void Run()
    {
        Console.WriteLine("| what | figure |\n|---|---|");
        foreach (int threads in (int[])[1, 2])
        {
            Overhead(threads, threshold: 0);
            Overhead(threads, threshold: 1);
        }
        Latency();
        foreach (int groups in (int[])[64, 10_000])
            Summaries(groups);
        SnapshotOfManyWalkers();
    }

    // The paper's network, groups of 256 walkers.
    private static void Overhead(int threads, double threshold)
    {
        var paper = new PaperNetwork("ising", SimdNetwork.BestInstructionSet);
        var options = new AnnealerOptions
        {
            Walkers = 512,
            Groups = 2,
            Windows = 6,
            Threads = threads,
            ResamplingThreshold = threshold,
        };
        var times = TimeGrid.Uniform(options.Windows);
        double[] ratios = Ratios(
            () => new Annealer(paper.Target, paper.Network, options, times).Run(),
            () => Sample(new SamplingTask(paper.Target, options, times, 1), paper.Network,
                new EmbeddedOptions { Threads = threads }));
        string resampled = threshold == 0 ? "never resampled" : "resampled every window";
        Row($"actors over plain Annealer, L = 15, 2 groups of 256, {threads} threads, {resampled}",
            Percent(ratios));
    }

    private static void Latency()
    {
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44));
        var target = new IsingTarget(new Lattice(16, 16), schedule);
        var options = new AnnealerOptions
        {
            Walkers = 16 * 256,
            Groups = 16,
            Windows = 200,
            ResamplingThreshold = 0,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep },
        };
        var times = TimeGrid.Uniform(options.Windows);
        foreach (int ahead in (int[])[8, 1])
        {
            var task = new SamplingTask(target, options, times, 1) { RunAhead = ahead };
            double[] ratios = Ratios(
                () => Sample(task, null, new EmbeddedOptions { Threads = 2 }),
                () => Sample(task, null, new EmbeddedOptions
                {
                    Threads = 2,
                    Latency = TimeSpan.FromMilliseconds(5),
                }),
                ShortRounds);
            string what = ahead == 1 ? "a barrier every window" : $"up to {ahead} windows ahead";
            Row($"5 ms of latency, 16 groups, {what}", Percent(ratios));
        }
    }

    private static void Summaries(int groups)
    {
        const int windows = 40;
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 0.44), new Couplings(1, 0, 0.44));
        var options = new AnnealerOptions
        {
            Walkers = groups,
            Groups = groups,
            Windows = windows,
            ResamplingThreshold = 0,
        };
        var task = new SamplingTask(
            new IsingTarget(new Lattice(4, 4), schedule), options, TimeGrid.Uniform(windows), 1);
        var rates = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            var state = new CoordinatorState(task).Apply(new Begin()).State;
            var clock = Stopwatch.StartNew();
            for (int n = 1; n <= windows; n++)
            {
                for (int g = 0; g < groups; g++)
                    state = state.Apply(Summary(g, n)).State;
            }
            rates[round] = groups * windows / clock.Elapsed.TotalSeconds;
        }
        Row($"summaries a second, {groups} groups",
            Median(rates).ToString("N0", CultureInfo.InvariantCulture));
    }

    private static GroupSummary Summary(int group, int window) => new()
    {
        Group = group,
        Window = window,
        Weights = new GroupWeights
        {
            Count = 1,
            MaxLogWeight = group % 7,
            Sum = 1,
            SumOfSquares = 1,
            FirstFamily = group,
            LastFamily = group,
            FirstFamilySum = 1,
        },
    };

    private static void SnapshotOfManyWalkers()
    {
        const int walkers = 100_000;
        var paper = new PaperNetwork("ising", SimdNetwork.BestInstructionSet);
        var population = Walkers.Uniform(paper.Target, walkers, seed: 1);
        string folder = Directory.CreateTempSubdirectory("leaps-benchmark").FullName;
        using var journal = SqliteJournal.Create(Path.Combine(folder, "journal.db"), "benchmark");
        var seconds = new double[Rounds];
        int bytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            byte[] state = Google.Protobuf.MessageExtensions.ToByteArray(
                GroupWalkers.Of(population, paper.Target).ToSnapshot());
            journal.Append("group-0", round, [ReadOnlyMemory<byte>.Empty]);
            journal.SaveSnapshot("group-0", round + 1, state);
            seconds[round] = clock.Elapsed.TotalSeconds;
            bytes = state.Length;
        }
        Row("snapshot of 100,000 walkers, L = 15",
            FormattableString.Invariant($"{Median(seconds):F3} s, {bytes / 1e6:F2} MB"));
        journal.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static void Sample(SamplingTask task, RateNetwork? network, EmbeddedOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("leaps-benchmark").FullName;
        using (var journal = SqliteJournal.Create(Path.Combine(folder, "journal.db"), "benchmark"))
        using (var sampling = new EmbeddedSampling(task, network, journal, options))
            sampling.Run();
        Directory.Delete(folder, recursive: true);
    }

    // Time of the second over time of the first, round by round; the first round warms up.
    private static double[] Ratios(Action first, Action second, int rounds = Rounds)
    {
        var ratios = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            double ratio = 1 / Seconds(first) * Seconds(second);
            if (round >= 0)
                ratios[round] = ratio;
        }
        return ratios;
    }

    private static double Seconds(Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed.TotalSeconds;
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private static string Percent(double[] ratios)
    {
        double median = Median(ratios);     // sorts
        return $"{Text(median)} % ({Text(ratios[0])} to {Text(ratios[^1])})";

        static string Text(double ratio) =>
            FormattableString.Invariant($"{100 * (ratio - 1):+0.0;-0.0}");
    }

    private static void Row(string what, string figure) => Console.WriteLine($"| {what} | {figure} |");
}
