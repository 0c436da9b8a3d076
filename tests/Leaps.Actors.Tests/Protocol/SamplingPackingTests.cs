using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Leaps.Actors.Protocol;
using Leaps.Model;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using TargetShape = Leaps.Actors.Protocol.TargetSpecification.Types.Shape;

namespace Leaps.Actors.Tests.Protocol;

/// <summary>A sampling task survives its message, and the message its bytes, to the last bit.</summary>
public sealed class SamplingPackingTests
{
    [Fact]
    public void Every_kernel_scheme_integrator_and_shape_comes_back()
    {
        int cases = 0;
        foreach (var kernel in Enum.GetValues<McmcKernelKind>())
            foreach (var scheme in Enum.GetValues<ResamplingScheme>())
                foreach (var integrator in Enum.GetValues<IntegratorKind>())
                    foreach (var shape in Enum.GetValues<ScheduleShape>())
                    {
                        var schedule = new CouplingSchedule(
                            shape, new Couplings(0.1, 0, 0), new Couplings(0.4, 0, 0.75, 2), 0.3);
                        var options = Options(kernel, scheme, integrator);
                        AssertComesBack(new SamplingTask(new PottsTarget(new Lattice(3, 4), 5, schedule),
                            options, TimeGrid.Exp2(9), replicas: 3));
                        cases++;
                    }
        Assert.Equal(7 * 4 * 2 * 3, cases);
    }

    [Fact]
    public void Names_on_the_wire_are_those_of_the_model()
    {
        foreach (var kernel in Enum.GetValues<McmcKernelKind>())
            Assert.Equal(kernel.ToString(), Message(Options(kernel)).Options.Kernel.ToString());
        foreach (var scheme in Enum.GetValues<ResamplingScheme>())
            Assert.Equal(scheme.ToString(), Message(Options(scheme: scheme)).Options.Scheme.ToString());
        foreach (var integrator in Enum.GetValues<IntegratorKind>())
        {
            Assert.Equal(integrator.ToString(),
                Message(Options(integrator: integrator)).Options.Integrator.ToString());
        }
        Assert.Equal(Enum.GetNames<ScheduleShape>().Order(),
            Enum.GetNames<TargetShape>().Where(name => name != nameof(TargetShape.Unspecified)).Order());
    }

    [Fact]
    public void Any_numbers_come_back_bit_by_bit()
    {
        // Any bits of a finite double, with the ones that are easily lost more often than by chance.
        var finite = Gen.OneOf(
            Gen.Elements(0.0, -0.0, double.Epsilon, -double.Epsilon, 0.1, 1 / 3.0, double.MaxValue),
            from bits in ArbMap.Default.GeneratorFor<long>()
            let value = BitConverter.Int64BitsToDouble(bits)
            select double.IsFinite(value) ? value : 1.5);
        // Couplings are bounded: the same digits, at most 2.
        var coupling = finite.Select(
            value => Math.Abs(value) <= 2 ? value : Math.ScaleB(value, -Math.ILogB(value)));
        var cases =
            from j in coupling
            from field in coupling
            from beta in coupling
            from moment in coupling
            from switchValue in coupling.Select(value => Math.Abs(value) / 2)
            from seed in ArbMap.Default.GeneratorFor<ulong>()
            from walkers in Gen.Choose(1, 1000)
            from groups in Gen.Choose(0, 40)
            from windows in Gen.Choose(1, 30)
            from replicas in Gen.Choose(1, 5)
            from runAhead in Gen.Choose(1, 20)
            from threshold in Gen.Choose(0, 1 << 20)
            from rate in finite
            from error in finite
            from kernel in Gen.Choose(0, 6)
            select new SamplingTask(
                new IsingTarget(new Lattice(3, 5), new CouplingSchedule(ScheduleShape.Switch,
                    new Couplings(0, -0.0, switchValue, 0.5), new Couplings(j, field, beta, moment),
                    switchValue)),
                Options((McmcKernelKind)kernel) with
                {
                    Seed = seed,
                    Walkers = walkers,
                    Groups = Math.Min(groups, walkers),
                    ResamplingThreshold = threshold / (double)(1 << 20),
                    Mcmc = new McmcOptions
                    {
                        Kernel = (McmcKernelKind)kernel, Sweeps = runAhead, Moves = groups,
                        Rate = Math.Abs(rate),
                    },
                }, TimeGrid.Uniform(windows), replicas)
            {
                RunAhead = runAhead,
                TargetStandardError = Math.Abs(error),
                Device = "simd-fma",
                Parameters = groups % 2 == 0 ? ByteString.Empty : SampleMessages.Digest([(byte)groups]),
            };
        Prop.ForAll(cases.ToArbitrary(), AssertComesBack)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(1, 1));
    }

    [Fact]
    public void Weights_of_a_group_come_back_bit_by_bit()
    {
        for (ulong seed = 0; seed < 100; seed++)
        {
            var walkers = Walkers.Uniform(SampleMessages.Ising, 1 + (int)seed, seed, firstSlot: 3);
            for (int m = 0; m < walkers.Count; m++)
            {
                walkers.LogWeights[m] = -1000 + Math.Sin(m * m + (double)seed);
                walkers.Families[m] /= 3;
            }
            var statistics = GroupStatistics.Of(walkers, 0, walkers.Count);
            var message = SamplingPacking.ToMessage(statistics, new IntegrationCost(7, 5));
            var read = GroupWeights.Parser.ParseFrom(message.ToByteArray());
            Assert.Equal(statistics, SamplingPacking.ToStatistics(read));
            Assert.Equal((7, 5), (read.Evaluations, read.Jumps));
        }
    }

    [Fact]
    public void A_message_that_describes_no_sampling_is_refused()
    {
        var message = SampleMessages.Sampling();
        message.Groups = 51;
        Assert.Throws<ProtocolException>(() => SamplingPacking.ToTask(message));
        message = SampleMessages.Sampling();
        message.Target.States = 200;
        Assert.Throws<ProtocolException>(() => SamplingPacking.ToTask(message));
    }

    private static AnnealerOptions Options(McmcKernelKind kernel = McmcKernelKind.None,
        ResamplingScheme scheme = ResamplingScheme.Systematic,
        IntegratorKind integrator = IntegratorKind.Exact) => new()
        {
            Walkers = 10,
            Groups = 3,
            Windows = 9,
            Integrator = integrator,
            ResamplingThreshold = 0.3,
            Resampling = scheme,
            Seed = 0x8000_0000_0000_0001,
            Mcmc = new McmcOptions { Kernel = kernel, Sweeps = 2, Moves = 5, Rate = 0.1 },
        };

    private static SamplingSpecification Message(AnnealerOptions options) =>
        new SamplingTask(SampleMessages.Potts, options, TimeGrid.Uniform(9), 1).Specification;

    private static void AssertComesBack(SamplingTask task)
    {
        var message = SamplingSpecification.Parser.ParseFrom(task.Specification.ToByteArray());
        var read = SamplingPacking.ToTask(message);
        // Messages are equal when all their doubles have the same bits.
        Assert.Equal(message, SamplingPacking.ToMessage(read));
        Assert.Equal(task.Options with { Groups = task.Groups, Windows = task.Windows }, read.Options);
        Assert.Equal(Bits(task.Times), Bits(read.Times));
        var (expected, actual) = (task.Target.Schedule, read.Target.Schedule);
        Assert.Equal((task.Target.GetType(), task.Target.States, expected.Shape),
            (read.Target.GetType(), read.Target.States, actual.Shape));
        Assert.Equal(Bits(expected), Bits(actual));
        Assert.Equal((task.Replicas, task.RunAhead, task.Parameters, task.Device),
            (read.Replicas, read.RunAhead, read.Parameters, read.Device));
        Assert.Equal(Bits([task.TargetStandardError]), Bits([read.TargetStandardError]));
        Assert.Equal(task.GroupSizes, read.GroupSizes);
    }

    private static long[] Bits(CouplingSchedule schedule) =>
    [
        .. Bits([schedule.SwitchValue]), .. Bits(schedule.Start), .. Bits(schedule.End),
    ];

    private static long[] Bits(Couplings couplings) =>
        Bits([couplings.J, couplings.Field, couplings.InverseTemperature, couplings.Moment]);

    // The wire has one zero.
    private static long[] Bits(double[] values) =>
        Array.ConvertAll(values, value => BitConverter.DoubleToInt64Bits(value == 0 ? 0 : value));
}
