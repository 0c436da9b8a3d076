using BenchmarkDotNet.Attributes;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Sampling;

namespace Leaps.Benchmarks;

/// <summary>
/// Whole runs of Algorithm 1 on one and two threads; every figure is for one walker and window.
/// </summary>
public class SamplingBenchmarks : IDisposable
{
    private const int Walkers = 72, Windows = 2;

    private Annealer _annealer = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params(IntegratorKind.Euler, IntegratorKind.Exact)]
    public IntegratorKind Integrator { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var paper = new PaperNetwork("ising", SimdNetwork.BestInstructionSet);
        _annealer = new Annealer(paper.Target, paper.Network, new AnnealerOptions
        {
            Walkers = Walkers,
            Windows = Windows,
            Integrator = Integrator,
            Threads = Threads,
        });
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _annealer.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Walkers * Windows)]
    public AnnealingState WalkerStep() => _annealer.Run();
}
