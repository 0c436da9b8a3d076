using Leaps.Model.Devices.Cuda;
using Leaps.Model.Devices.Cuda.Driver;
using Leaps.Model.Random;
using Leaps.Model.Sampling;

namespace Leaps.Model.Tests.Devices.Cuda;

/// <summary>Group weights and resampling on the GPU against the CPU's.</summary>
public sealed class PopulationKernelTests
{
    [Fact]
    public void Weights_of_groups_are_those_of_the_CPU()
    {
        int[] sizes = [1, 2, 255, 256, 257, 900, 3];
        var stream = new RandomStream(1, RandomPurpose.Test);
        var logWeights = new double[sizes.Sum()];
        foreach (ref double a in logWeights.AsSpan())
            a = 300 * stream.NextNormal();
        logWeights[5] = double.NegativeInfinity;
        logWeights.AsSpan(logWeights.Length - 3).Fill(double.NegativeInfinity);
        var expected = GroupWeight.OfEach(logWeights, sizes);
        var actual = Weights(logWeights, sizes);
        for (int g = 0; g < sizes.Length; g++)
        {
            Assert.Equal(expected[g].Count, actual[g].Count);
            Assert.Equal(expected[g].Max, actual[g].Max);
            Assert.Equal(expected[g].Sum, actual[g].Sum, 1e-13 * sizes[g]);
            Assert.Equal(expected[g].SumOfSquares, actual[g].SumOfSquares, 1e-13 * sizes[g]);
        }
        Assert.Equal(0, actual[^1].Sum);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_weight_that_is_no_number_is_refused_wherever_it_lies(double bad)
    {
        for (int at = 0; at < 600; at += 83)
        {
            var logWeights = new double[600];
            logWeights[at] = bad;
            var error = Assert.Throws<LeapsException>(() => Weights(logWeights, [300, 300]));
            Assert.Contains($"group {at / 300}", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Slots_take_over_their_ancestors()
    {
        const int count = 70, sites = 45;
        var walkers = new Walkers(count, sites, firstSlot: 9);
        var random = new RandomStream(2, RandomPurpose.Test);
        foreach (ref byte value in walkers.States.AsSpan())
            value = (byte)random.NextInt(5);
        walkers.LogWeights.AsSpan().Fill(3);
        int[] ancestors = [.. Enumerable.Range(0, count).Select(_ => random.NextInt(count)).Order()];
        var device = EmulatedDriver.Require().Device(0);
        using var stream = new CudaStream(device);
        using var kernels = new PopulationKernels(device, stream);
        using var from = Put(stream, walkers.States);
        using var families = Put(stream, walkers.Families);
        using var chosen = Put(stream, ancestors);
        using var to = new DeviceBuffer<byte>(device, count * sites);
        using var toFamilies = new DeviceBuffer<int>(device, count);
        using var logWeights = new DeviceBuffer<double>(device, count);
        kernels.Gather(new GatherArguments
        {
            From = from,
            FromFamilies = families,
            Ancestors = chosen,
            To = to,
            ToFamilies = toFamilies,
            LogWeights = logWeights,
            Walkers = count,
            Sites = sites,
        });
        walkers.TakeAncestors(ancestors);
        Assert.Equal(walkers.States, Get(stream, to));
        Assert.Equal(walkers.Families, Get(stream, toFamilies));
        Assert.Equal(walkers.LogWeights, Get(stream, logWeights));
    }

    private static GroupWeight[] Weights(double[] logWeights, int[] sizes)
    {
        var device = EmulatedDriver.Require().Device(0);
        using var stream = new CudaStream(device);
        using var kernels = new PopulationKernels(device, stream);
        using var there = Put(stream, logWeights);
        return kernels.GroupWeights(there, sizes);
    }

    private static DeviceBuffer<T> Put<T>(CudaStream stream, T[] values) where T : unmanaged
    {
        var buffer = new DeviceBuffer<T>(stream.Device, values.Length);
        using var staged = new PinnedBuffer<T>(stream.Device, values.Length);
        values.CopyTo(staged.Span);
        stream.Upload(buffer, staged, values.Length);
        stream.Wait();
        return buffer;
    }

    private static T[] Get<T>(CudaStream stream, DeviceBuffer<T> buffer) where T : unmanaged
    {
        using var staged = new PinnedBuffer<T>(stream.Device, buffer.Length);
        stream.Download(staged, buffer, buffer.Length);
        stream.Wait();
        return staged.Span.ToArray();
    }
}
