using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Devices.Reference;
using Leaps.Model.Sampling;

namespace Leaps.GpuBenchmarks;

/// <summary>
/// Measures one GPU: first that its numbers are right, then the forward pass, whole windows, sweeps and
/// training updates. Every time is the median of several rounds after a warm-up.
/// </summary>
internal sealed class GpuFigures(CudaDevice device, bool quick, TimeProvider clock)
{
    private const int Rounds = 5;
    private const double ReferenceTolerance = 2e-2;     // of TF32; single precision keeps 1e-4

    private readonly JsonObject _figures = new()
    {
        ["device"] = device.Name,
        ["computeCapability"] = device.ComputeCapability.ToString(),
        ["multiprocessors"] = device.Multiprocessors,
        ["clockHertz"] = device.ClockHertz,
        ["memoryBytes"] = device.Memory.Total,
        ["driverCuda"] = $"{device.Driver.Version / 1000}.{device.Driver.Version % 1000 / 10}",
        ["date"] = clock.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        ["rounds"] = Rounds,
    };

    /// <param name="reference">file of the reference's figures on the same GPU, or null</param>
    /// <param name="sanitizer">file of what NVIDIA's compute-sanitizer found, or null</param>
    public void Run(string? reference, string? sanitizer)
    {
        if (sanitizer is not null)
            Sanitizer(sanitizer);
        if (quick)
            _figures["quick"] = "tiny sizes: these figures mean nothing";
        foreach (string target in new[] { "ising", "potts" })
        {
            var paper = new PaperCase(target, quick);
            var figures = new JsonObject();
            _figures[target] = figures;
            Ceilings(paper, figures);
            foreach (var precision in Enum.GetValues<CudaPrecision>())
            {
                using var network = paper.Network(device, precision);
                var part = new JsonObject();
                figures[precision == CudaPrecision.Tf32 ? "tf32" : "single"] = part;
                Check(paper, network, part);
                Forward(paper, network, part);
                Training(paper, network, part);
            }
            using var fast = paper.Network(device, CudaPrecision.Tf32);
            Windows(paper, fast, figures);
            Sweeps(paper, fast, figures);
        }
        LargePopulation();
        if (reference is not null)
            Reference(reference);
    }

    /// <returns>the figures as a table</returns>
    public string Write(string path)
    {
        File.WriteAllText(
            path, _figures.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        return GpuTable.Of(_figures);
    }

    // What the chip could do of each kind of work, were there nothing else to do: 16 special functions a
    // cycle and multiprocessor, and TF32 multiply-adds as NVIDIA's tables of each architecture say.
    private void Ceilings(PaperCase paper, JsonObject figures)
    {
        var ceilings = new JsonObject();
        figures["ceilings"] = ceilings;
        double cycles = (double)device.Multiprocessors * device.ClockHertz;
        Put(ceilings, "silu", 16 * cycles / paper.Silus);
        int multiplyAdds = (device.ComputeCapability.Major, device.ComputeCapability.Minor) switch
        {
            (8, 0) => 512,
            (8, _) => 128,
            (9, 0) => 1024,
            _ => 0,
        };
        if (multiplyAdds > 0)
            Put(ceilings, "multiplyAdd", multiplyAdds * cycles / paper.MultiplyAdds);
    }

    // Figures of a device that computes something else mean nothing.
    private void Check(PaperCase paper, CudaNetwork network, JsonObject figures)
    {
        const int walkers = 4;
        var states = Walkers.Uniform(paper.Target, walkers, seed: 2).States;
        var reference = new ReferenceNetwork(paper.Model.Network);
        reference.Load(paper.Model.Parameters);
        var expected = new float[walkers * paper.Target.Outputs];
        var actual = new float[expected.Length];
        reference.CreateEvaluator().Evaluate(states, walkers, 0.5, expected);
        using var evaluator = network.CreateEvaluator();
        evaluator.Evaluate(states, walkers, 0.5, actual);
        double size = expected.Max(Math.Abs), worst = 0;
        for (int o = 0; o < expected.Length; o++)
            worst = Math.Max(worst, Math.Abs(expected[o] - actual[o]) / size);
        figures["largestErrorOfOutputs"] = worst;
        if (!(worst <= ReferenceTolerance))
            throw new Model.LeapsException(FormattableString.Invariant(
                $"{device.Description}: outputs are off by {worst:G3}, so nothing was measured."));
    }

    // Evaluations a second with everything on the GPU.
    private void Forward(PaperCase paper, CudaNetwork network, JsonObject figures)
    {
        var batches = new JsonObject();
        figures["evaluationsPerSecond"] = batches;
        foreach (int walkers in quick ? [16] : new[] { 400, 4096, 32768 })
        {
            using var stream = new CudaStream(device);
            using var passes = new NetworkPasses(network, stream);
            using var states = new DeviceBuffer<byte>(device, (long)walkers * paper.Target.Sites);
            using var outputs = new DeviceBuffer<float>(device, (long)walkers * paper.Target.Outputs);
            using var staged = new PinnedBuffer<byte>(device, states.Length);
            using var time = new PinnedBuffer<double>(device, 1);
            using var scale = new PinnedBuffer<float>(device, 1);
            using var timer = new CudaTimer(stream);
            Walkers.Uniform(paper.Target, walkers, seed: 1).States.CopyTo(staged.Span);
            passes.ReserveTimes(1);
            stream.Upload(states, staged, states.Length);
            (time.Span[0], scale.Span[0]) = (0.5, 1.5f);
            stream.Upload(passes.Times, time, 1);
            stream.Upload(passes.Scale, scale, 1);
            passes.EvaluateTimes(1);
            double seconds = Median(() => timer.Seconds(() => passes.Forward(walkers, states, outputs)));
            Put(batches, walkers.ToString(CultureInfo.InvariantCulture), walkers / seconds);
        }
    }

    private void Training(PaperCase paper, CudaNetwork network, JsonObject figures)
    {
        int pairs = quick ? 4 : 400;
        using var step = new CudaTrainingStep(network, paper.Target, paper.Model, pairs);
        var batch = paper.Batch(pairs);
        step.Step(batch, 3e-4);
        Put(figures, "trainingBytes", step.DeviceBytes);
        Put(figures, "memoryInUseWhileTraining", device.Memory.Total - device.Memory.Free);
        double seconds = Median(() => Wall(() => step.Step(batch, 3e-4)));
        Put(figures, "trainingUpdateMilliseconds", 1e3 * seconds);
        Put(figures, "minutesFor400000Updates", 400_000 * seconds / 60);
    }

    // Four windows of a run with twenty, the way there and back included.
    private void Windows(PaperCase paper, CudaNetwork network, JsonObject figures)
    {
        const int windows = 4;
        int count = quick ? 8 : 16384;
        foreach (var integrator in Enum.GetValues<IntegratorKind>())
        {
            using var mover =
                network.CreateMover(paper.Target, new AnnealerOptions { Integrator = integrator });
            long evaluations = 0;
            double seconds = Median(() =>
            {
                var walkers = Walkers.Uniform(paper.Target, count, seed: 1);
                evaluations = 0;        // the same in every round
                return Wall(() =>
                {
                    for (int n = 0; n < windows; n++)
                    {
                        double start = (double)n / windows;
                        var window = new TimeWindow(n, start, start + 0.05);
                        evaluations += mover.Integrate(walkers, window, default).Evaluations;
                    }
                });
            });
            string name = integrator == IntegratorKind.Exact ? "exact" : "euler";
            Put(figures, name + "WalkerStepsPerSecond", windows * count / seconds);
            Put(figures, name + "EvaluationsPerSecond", evaluations / seconds);
        }
    }

    private void Sweeps(PaperCase paper, CudaNetwork network, JsonObject figures)
    {
        const int sweeps = 100;
        int count = quick ? 8 : 1 << 18;
        using var mover = network.CreateMover(paper.Target, new AnnealerOptions
        {
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep, Sweeps = quick ? 1 : sweeps },
        });
        var walkers = Walkers.Uniform(paper.Target, count, seed: 1);
        var window = new TimeWindow(1, 0.5, 0.6);
        double seconds = Median(() => Wall(() => mover.TryApplyMcmc(walkers, window, default)));
        double updates = (double)count * paper.Target.Sites * (quick ? 1 : sweeps);
        Put(figures, "heatBathUpdatesPerNanosecond", updates / seconds / 1e9);
    }

    // A million walkers, annealed over a few windows with sweeps, weights and resampling.
    private void LargePopulation()
    {
        int count = quick ? 64 : 1_000_000;
        var paper = new PaperCase("ising", quick);
        using var network = paper.Network(device, CudaPrecision.Tf32);
        using var annealer = new Annealer(paper.Target, network, new AnnealerOptions
        {
            Walkers = count,
            Windows = 4,
            Integrator = IntegratorKind.Euler,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep },
        });
        AnnealingState? state = null;
        double seconds = Wall(() => state = annealer.Run());
        var figures = new JsonObject();
        _figures["largePopulation"] = figures;
        Put(figures, "walkers", count);
        Put(figures, "windows", annealer.Windows);
        Put(figures, "secondsPerWindow", seconds / annealer.Windows);
        Put(figures, "logNormalizerRatio",
            state!.LogNormalizerRatio + LogWeights.LogMeanExp(state.Walkers.LogWeights));
    }

    // Lines "TOOL: result".
    private void Sanitizer(string path)
    {
        var results = new JsonObject();
        _figures["computeSanitizer"] = results;
        foreach (string line in File.ReadLines(path))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            results[line[..colon]] = line[(colon + 1)..].Trim();
        }
    }

    // Lines "TARGET {json}" of reference_speed.py.
    private void Reference(string path)
    {
        foreach (string line in File.ReadLines(path))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || _figures[line[..space]] is not JsonObject figures) continue;
            var measured = JsonNode.Parse(line[(space + 1)..])!.AsObject();
            figures["pytorchReference"] = measured;
            double theirs = measured["walkerStepsPerSecond"]!.GetValue<double>();
            Put(figures, "eulerRatioToReference",
                figures["eulerWalkerStepsPerSecond"]!.GetValue<double>() / theirs);
        }
    }

    private static void Put(JsonObject figures, string name, double value)
    {
        figures[name] = value;
        Console.WriteLine(FormattableString.Invariant($"{figures.GetPath()}.{name} = {value:G6}"));
    }

    private static double Wall(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }

    private static double Median(Func<double> seconds)
    {
        seconds();
        var rounds = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
            rounds[round] = seconds();
        Array.Sort(rounds);
        return rounds[Rounds / 2];
    }
}
