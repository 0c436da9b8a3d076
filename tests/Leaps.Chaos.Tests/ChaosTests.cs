using System.Text;
using Leaps.Host.Configuration;
using Leaps.Servers;

namespace Leaps.Chaos.Tests;

/// <summary>Ten of the cases that make chaos plays and two more, over one broker and one database.</summary>
public sealed class ChaosTests
{
    // All with the tight settings: the default ones wait longer and do nothing else.
    private static readonly ulong[] Seeds = [5, 14, 23, 33, 35, 36, 42, 43, 44, 54];

    private static readonly FaultKind[] NotDrawn = [FaultKind.Slow, FaultKind.LoseBroker];

    // The slow node misses no lease of the default settings, and holds everybody up.
    private static readonly ChaosCase[] Others =
    [
        new(1, RunShape.Draw(new Dice(1)), IsTight: false, [new Fault(FaultKind.Slow, 0.5, 6, Node: 1)]),
        new(1015, RunShape.Draw(new Dice(1015)), IsTight: true, [new Fault(FaultKind.LoseBroker, 3, 1, 0)]),
    ];

    private static IEnumerable<ChaosCase> Cases => Seeds.Select(seed => ChaosCase.Draw(seed, tight: true));

    [Fact]
    public Task Whatever_happens_to_a_cluster_a_run_gives_the_bits_of_an_undisturbed_one() =>
        Play([.. Cases]);

    [Fact]
    public Task So_it_does_with_a_slow_node_and_when_the_broker_loses_its_data() => Play(Others);

    private static async Task Play(ChaosCase[] cases)
    {
        using var output = new StringWriter();
        int status = 0;
        try
        {
            status = await new Series(TimeSpan.FromSeconds(120), output).Run(
                cases, TestContext.Current.CancellationToken);
        }
        catch (ServerMissingException missing)
        {
            Assert.Skip(missing.Message);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(output.ToString());
        Assert.True(status == 0, output.ToString());
    }

    [Theory]
    [InlineData(FaultKind.KillHome)]
    [InlineData(FaultKind.KillAll)]
    [InlineData(FaultKind.KillBroker)]
    [InlineData(FaultKind.KillDatabase)]
    [InlineData(FaultKind.Cut)]
    internal void These_cases_hold_each_of_the_worst(FaultKind kind) =>
        Assert.Contains(Cases, item => item.Faults.Any(fault => fault.Kind == kind));

    [Fact]
    public void A_seed_always_draws_the_same_case_and_seeds_draw_every_kind_of_fault()
    {
        var cases = Enumerable.Range(1, 200).Select(seed => ChaosCase.Draw((ulong)seed)).ToList();
        Assert.Equal(cases.Select(item => item.ToString()),
            Enumerable.Range(1, 200).Select(seed => ChaosCase.Draw((ulong)seed).ToString()));
        Assert.All(Enum.GetValues<FaultKind>().Except(NotDrawn), kind =>
            Assert.Contains(cases, item => item.Faults.Any(fault => fault.Kind == kind)));
    }

    [Fact]
    public void Every_shape_is_a_run_that_can_be_submitted()
    {
        for (int kind = 0; kind < RunShape.Kinds; kind++)
        {
            var shape = RunShape.Of(kind, seed: 1);
            var run = ConfigurationReader.ReadText(shape.Configuration, shape.Name).Sample;
            Assert.InRange(run.Replicas * run.Annealing.Groups, 6, 12);
        }
    }

    [Fact]
    public void A_fingerprint_sees_every_difference_but_the_hour_and_the_machine()
    {
        static string Of(string text) => Truth.Fingerprint("result.json", Encoding.UTF8.GetBytes(text));
        Assert.Equal(Of("""{"logZ": 1.5, "seconds": 3, "training": {"loss": 2, "seconds": 9}}"""),
            Of("""{"logZ": 1.5, "seconds": 4, "training": {"loss": 2, "seconds": 8}}"""));
        Assert.NotEqual(Of("""{"logZ": 1.5, "seconds": 3}"""), Of("""{"logZ": 1.6, "seconds": 3}"""));
        Assert.NotEqual(Of("""{"training": {"loss": 2}}"""), Of("""{"training": {"loss": 3}}"""));
        Assert.NotEqual(Truth.Fingerprint("samples.npz", [1, 2]), Truth.Fingerprint("samples.npz", [1, 3]));
    }
}
