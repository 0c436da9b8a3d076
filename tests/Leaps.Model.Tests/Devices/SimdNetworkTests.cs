using Leaps.Model.Devices;
using Leaps.Model.Devices.Simd;
using Leaps.Model.Networks;

namespace Leaps.Model.Tests.Devices;

/// <summary>The SIMD device with the best instruction set of this machine, in single precision.</summary>
public class SimdNetworkTests : RateNetworkTests
{
    protected override double Tolerance => 1e-4;

    protected virtual SimdInstructionSet InstructionSet => SimdNetwork.BestInstructionSet;

    protected override RateNetwork Create(LocallyEquivariantConv architecture)
    {
        Assert.SkipUnless(InstructionSet >= SimdNetwork.BestInstructionSet,
            $"this machine has no {InstructionSet}");
        return new SimdNetwork(architecture, InstructionSet);
    }

    [Fact]
    public void A_backward_pass_is_refused_when_another_call_overwrote_the_forward_pass()
    {
        var random = new RandomNetwork(3);
        var network = Create(random.Architecture);
        network.Load(random.Parameters);
        var evaluator = network.CreateEvaluator();
        byte[] states = random.States(2);
        var output = new float[2 * random.Architecture.Outputs];
        var gradient = new double[random.Parameters.Values.Length];
        Assert.Throws<InvalidOperationException>(() => evaluator.Backward(output, gradient));
        evaluator.Forward(states, random.Times(2), output);
        evaluator.Backward(output, gradient);
        evaluator.Evaluate(states, 2, 0.5, output);
        Assert.Throws<InvalidOperationException>(() => evaluator.Backward(output, gradient));
        evaluator.Forward(states, random.Times(2), output);
        evaluator.Follow(states, 2, 0.5, output);
        Assert.Throws<InvalidOperationException>(() => evaluator.Backward(output, gradient));
    }
}

/// <summary>The same with 256-bit vectors.</summary>
public sealed class SimdAvx2NetworkTests : SimdNetworkTests
{
    protected override SimdInstructionSet InstructionSet => SimdInstructionSet.Avx2;
}

/// <summary>The same with the runtime's portable 128-bit vectors.</summary>
public sealed class SimdPortableNetworkTests : SimdNetworkTests
{
    protected override SimdInstructionSet InstructionSet => SimdInstructionSet.Portable;
}
