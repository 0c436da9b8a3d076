using Leaps.Host.Report;
using Leaps.Model.Random;

namespace Leaps.Host.Tests.Report;

/// <summary>
/// Reports with the numbers that real runs have: true values from Kaufman and Swendsen–Wang, estimates
/// scattered about them by seeded normal deviates.
/// </summary>
internal static class SampleReport
{
    private const double Critical = 0.4407;
    private const int Size = 15;

    private const string SwendsenWang = "Swendsen–Wang, 4 million sweeps";

    /// <summary>⟨s_0 s_r⟩ along a row, L = 15, K = 0.4407: Swendsen–Wang, 4 million sweeps.</summary>
    private static readonly double[] Correlation =
        [1, 0.727933, 0.632366, 0.587817, 0.563219, 0.548677, 0.540317, 0.536476];
    private static readonly double[] CorrelationError =
        [0, 0.00013, 0.00021, 0.00027, 0.00031, 0.00033, 0.00036, 0.00037];

    /// <summary>A trained Ising run with everything that a report can show.</summary>
    public static ReportData Ising()
    {
        var stream = new RandomStream(11, RandomPurpose.Test);
        return new ReportData
        {
            Title = "Ising 15×15 at the critical point",
            Subtitle = "periodic, β = 0.4407, h = 0, J 0 → 1, LEC [5, 7, 15] with 20 channels",
            Created = "2026-03-01T14:05:09Z",
            Version = "0.1.0",
            CommandLine = "leaps run ising-15.yml --set sampling.walkers=4000 --seed 1",
            DeviceKind = "CPU, AVX2",
            Threads = 16,
            TrainingSeconds = 5025,
            SamplingSeconds = 92.4,
            Headline = new Headline(209.8189, 0.0113, 209.826070136, 0.7412),
            Estimates = Estimates(),
            Windows = Windows(ref stream, 40),
            Training = Training(ref stream, 6000),
            MagnetisationHistogram = Histogram(ref stream),
            Correlation = new CorrelationSeries
            {
                Distance = [.. Enumerable.Range(0, 8).Select(r => (double)r)],
                Value = Scattered(ref stream, Correlation, 0.006),
                StdErr = [0, .. Enumerable.Repeat(0.006, 7)],
                Exact = Correlation,
                ExactStdErr = CorrelationError,
                ExactSource = "Swendsen–Wang",
            },
            Lattices = Lattices(ref stream, Size, 2, 24),
            Population = new PopulationSummary
            {
                Walkers = 4000,
                Replicas = 2,
                Windows = 40,
                Integrator = "exact",
                EvaluationsPerWalker = 187.4,
                JumpsPerWalker = 147.4,
                WalkerStepsPerSecond = 8112,
                Resamplings = 2,
                Families = 2961,
                FamilyStatistic = 1.62,
            },
            Configuration = Configuration,
        };
    }

    /// <summary>
    /// A Potts run without training, without truth and with warnings; only what is required.
    /// </summary>
    public static ReportData Potts()
    {
        var stream = new RandomStream(12, RandomPurpose.Test);
        return new ReportData
        {
            Title = "Potts 12×12, q = 3",
            Headline = new Headline(140.32, double.NaN, null, 0.031),
            Estimates = [new Estimate("order parameter", "m", 0.42, 0.03)],
            Windows = Windows(ref stream, 200) with { LogZExact = null, Threshold = 0 },
            Lattices = Lattices(ref stream, 12, 3, 6) with { Weights = null, StateLabels = null },
            Population = new() { Walkers = 64, Windows = 200, Integrator = "euler", Families = 2 },
            Warnings =
            [
                "The euler integrator is biased: the estimates have an error that more walkers do not cure.",
                "Only 2 of 64 families are left: the standard errors cannot be trusted. Use more walkers.",
            ],
        };
    }

    /// <summary>log Z of the L×L Ising model on the torus (Kaufman 1949), L odd, K = βJ > 0.</summary>
    public static double KaufmanLogZ(int size, double coupling)
    {
        double two = 2 * coupling;
        double ratio = Math.Cosh(two) * Math.Cosh(two) / Math.Sinh(two);
        double[] logs = new double[4];
        double sign = 1;
        for (int k = 0; k < 2 * size; k++)
        {
            double gamma = k == 0
                ? two + Math.Log(Math.Tanh(coupling))
                : Math.Acosh(ratio - Math.Cos(k * Math.PI / size));
            double half = size * gamma / 2;
            int product = k % 2 == 1 ? 0 : 2;
            logs[product] += Math.Log(2 * Math.Cosh(half));
            logs[product + 1] += Math.Log(Math.Abs(2 * Math.Sinh(half)));
            sign *= k % 2 == 0 && half < 0 ? -1 : 1;
        }
        double top = logs.Max();
        double sum = Math.Exp(logs[0] - top) + Math.Exp(logs[1] - top) + Math.Exp(logs[2] - top)
            + sign * Math.Exp(logs[3] - top);
        return -Math.Log(2) + size * size / 2.0 * Math.Log(2 * Math.Sinh(two)) + top + Math.Log(sum);
    }

    private static Estimate[] Estimates() =>
    [
        new("log partition function", "log Z", 209.8189, 0.0113, 209.826070136, null, "Kaufman"),
        new("free energy per site", "F/N", -2.116079, 0.000114, -2.116151, null, "Kaufman"),
        new("energy per site", "E/N", -1.45422, 0.0026, -1.455746984, null, "Kaufman"),
        new("specific heat per site", "C_V", 1.2391, 0.0312, 1.27316, null, "Kaufman"),
        new("magnetisation", "⟨|m|⟩", 0.7082, 0.0041, 0.7194627822, 0.000236, SwendsenWang),
        new("mean square magnetisation", "⟨m^2⟩", 0.5382, 0.0036, 0.5545403799, 0.000274, SwendsenWang),
        new("Binder cumulant", "U_4", 0.5987, 0.0032),
    ];

    private static WindowSeries Windows(ref RandomStream stream, int windows)
    {
        double[] t = [.. Enumerable.Range(0, windows + 1).Select(n => (double)n / windows)];
        double[] ess = new double[t.Length], logZ = new double[t.Length], error = new double[t.Length];
        double[] exact = [.. t.Select(time =>
            time == 0 ? Size * Size * Math.Log(2) : KaufmanLogZ(Size, Critical * time))];
        bool[] resampled = new bool[t.Length];
        double spread = 0, offset = 0;
        for (int n = 0; n < t.Length; n++)
        {
            double loss = (t[n] > 0.55 ? 3.12 : 1.2) / windows * (1 + 0.2 * stream.NextNormal());
            spread += n == 0 ? 0 : loss;
            ess[n] = Math.Exp(-spread);
            resampled[n] = ess[n] < 0.5 && n < windows;
            spread = resampled[n] ? 0 : spread;
            error[n] = n == 0 ? 0 : 0.0113 * Math.Sqrt(t[n]);
            offset += n == 0 ? 0 : 0.0113 / Math.Sqrt(windows) * stream.NextNormal();
            logZ[n] = exact[n] + offset;
        }
        return new WindowSeries
        {
            T = t,
            RelativeEss = ess,
            LogZ = logZ,
            LogZStdErr = error,
            LogZExact = exact,
            Resampled = resampled,
            Threshold = 0.5,
        };
    }

    private static TrainingSeries Training(ref RandomStream stream, int updates)
    {
        double[] update = new double[updates], loss = new double[updates];
        for (int i = 0; i < updates; i++)
        {
            update[i] = 10 * (i + 1);
            double decay = 900 * Math.Exp(-i / 250.0) + 40 / (1 + i / 300.0) + 0.9;
            loss[i] = decay * Math.Exp(0.25 * stream.NextNormal());
        }
        var evaluations = new List<TrainingEvaluation>();
        for (int k = 1; k <= 24; k++)
            evaluations.Add(new(2500 * k, 0.78 * (1 - Math.Exp(-k / 5.0)) + 0.02 * stream.NextNormal()));
        return new TrainingSeries
        {
            Update = update,
            Loss = loss,
            Evaluations = evaluations,
            BestUpdate = evaluations.MaxBy(e => e.RelativeEss)!.Update,
        };
    }

    private static Histogram Histogram(ref RandomStream stream)
    {
        const int Bins = 25;
        double[] edges = [.. Enumerable.Range(0, Bins + 1).Select(i => -1 + 2.0 * i / Bins)];
        double[] exact = new double[Bins], error = new double[Bins];
        for (int i = 0; i < Bins; i++)
        {
            double m = Math.Abs((edges[i] + edges[i + 1]) / 2);
            exact[i] = 0.11 + 1.35 * Math.Exp(-Math.Pow((m - 0.82) / (m > 0.82 ? 0.09 : 0.19), 2) / 2);
            error[i] = 0.045 * Math.Sqrt(exact[i]);
        }
        return new Histogram
        {
            Edges = edges,
            Density = Scattered(ref stream, exact, 0.045),
            StdErr = error,
            Exact = exact,
            ExactStdErr = [.. exact.Select(density => 0.004 * Math.Sqrt(density))],
            ExactSource = "Swendsen–Wang",
        };
    }

    private static double[] Scattered(ref RandomStream stream, double[] truth, double error)
    {
        double[] values = new double[truth.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = truth[i] == 1 ? 1 : truth[i] + error * Math.Sqrt(truth[i]) * stream.NextNormal();
        return values;
    }

    /// <summary>
    /// Heat bath from random states at the critical coupling: pictures as a physicist knows them.
    /// </summary>
    private static LatticeSamples Lattices(ref RandomStream stream, int size, int states, int count)
    {
        double coupling = Math.Log(1 + Math.Sqrt(states));
        var samples = new List<byte[]>();
        double[] weights = new double[count];
        for (int k = 0; k < count; k++)
        {
            byte[] state = new byte[size * size];
            for (int i = 0; i < state.Length; i++)
                state[i] = (byte)stream.NextInt(states);
            for (int step = 0; step < 200 * state.Length; step++)
                HeatBath(ref stream, state, size, states, coupling);
            samples.Add(state);
            weights[k] = Math.Exp(0.55 * stream.NextNormal() - 0.15) / 4000;
        }
        return new LatticeSamples
        {
            Rows = size,
            Columns = size,
            States = states,
            Samples = samples,
            Weights = weights,
            StateLabels = states == 2 ? ["spin −1", "spin +1"] : null,
        };
    }

    private static void HeatBath(ref RandomStream stream, byte[] state, int size, int states, double coupling)
    {
        int site = stream.NextInt(state.Length), row = site / size, column = site % size;
        Span<double> weight = stackalloc double[states];
        weight.Fill(1);
        foreach (int neighbour in (ReadOnlySpan<int>)[
            row * size + (column + 1) % size, row * size + (column + size - 1) % size,
            (row + 1) % size * size + column, (row + size - 1) % size * size + column])
        {
            weight[state[neighbour]] *= Math.Exp(coupling);
        }
        double total = 0;
        foreach (double w in weight)
            total += w;
        double draw = total * stream.NextDouble();
        byte value = 0;
        while (value < states - 1 && draw >= weight[value])
            draw -= weight[value++];
        state[site] = value;
    }

    private const string Configuration = """
        target:
          model: ising
          size: 15
          beta: 0.4407
          coupling: { from: 0, to: 1, schedule: linear }
        network:
          kind: convolution
          channels: 20
          kernels: [5, 7, 15]
        sampling:
          walkers: 4000
          windows: 40
          integrator: exact
          grid: uniform
          resampling: { scheme: systematic, threshold: 0.5 }
        training:
          updates: 60000
          learning-rate: 3.0e-4
        seed: 1
        """;
}
