using BenchmarkDotNet.Attributes;
using Leaps.Model.Devices;
using Leaps.Model.Devices.Simd;

namespace Leaps.Benchmarks;

/// <summary>One thread; every figure is for one walker.</summary>
public class NetworkBenchmarks
{
    private const int Batch = 8;

    private byte[] _states = [];
    private float[] _output = [], _outputGradient = [];
    private double[] _times = [], _gradient = [];
    private SiteJump[] _jumps = [];
    private RateEvaluator _evaluator = null!;

    [Params("ising", "potts")]
    public string Target { get; set; } = "";

    [ParamsSource(nameof(Sets))]
    public SimdInstructionSet Set { get; set; }

    public static IEnumerable<SimdInstructionSet> Sets =>
        new[] { SimdInstructionSet.Avx512, SimdInstructionSet.Avx2 }
            .Where(set => set >= SimdNetwork.BestInstructionSet);

    [GlobalSetup]
    public void SetUp()
    {
        var paper = new PaperNetwork(Target, Set);
        _states = paper.Walkers(Batch).States;
        _output = new float[Batch * paper.Target.Outputs];
        _outputGradient = new float[_output.Length];
        Array.Fill(_outputGradient, 1f);
        _times = new double[Batch];
        Array.Fill(_times, 0.5);
        _gradient = new double[paper.Model.Layout.Count];
        _evaluator = paper.Network.CreateEvaluator();
        _jumps = [.. Enumerable.Range(0, Batch).Select(place => new SiteJump(place, 17 * (place + 1), 0))];
        _evaluator.Follow(_states, Batch, 0.5, _output);
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public void Evaluation() => _evaluator.Evaluate(_states, Batch, 0.5, _output);

    [Benchmark(OperationsPerInvoke = Batch)]
    public void ForwardAndBackward()
    {
        _evaluator.Forward(_states, _times, _output);
        _evaluator.Backward(_outputGradient, _gradient);
    }

    /// <summary>Bringing the outputs up to date after one jump, as the exact integrator does.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public void FollowedJump()
    {
        for (int k = 0; k < Batch; k++)
        {
            ref byte value = ref _states[k * 225 + _jumps[k].Site];
            _jumps[k] = _jumps[k] with { Previous = value };
            value = (byte)(1 - Math.Min((int)value, 1));
        }
        _evaluator.FollowJumps(_states, _jumps, _output);
    }
}
