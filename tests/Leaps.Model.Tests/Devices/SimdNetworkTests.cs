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
        Assert.SkipUnless(InstructionSet >= SimdNetwork.BestInstructionSet, $"this machine has no {InstructionSet}");
        return new SimdNetwork(architecture, InstructionSet);
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
