using Leaps.Model.Networks;
using Leaps.Model.Targets;

namespace Leaps.Model.Tests.Networks;

/// <summary>Which architectures are possible, and what is said about those that are not.</summary>
public sealed class LocallyEquivariantConvTests
{
    private static readonly Window s_three = new(3, 3);

    [Theory]
    [InlineData(5, 5, "Kernel size 5 is larger than the lattice side 4")]
    [InlineData(3, 7, "Kernel size 3×7 is larger than the lattice side 6")]
    [InlineData(2, 2, "Kernel size 2 is even: use an odd size, or the full lattice side 4")]
    [InlineData(4, 4, "Kernel size 4 is even: use an odd size, or the full lattice side 6")]
    [InlineData(0, 3, "Kernel size 0×3 is not possible")]
    [InlineData(3, -1, "Kernel size 3×-1 is not possible")]
    [InlineData(1, 1, "A kernel of size 1 sees only the site itself")]
    public void A_window_that_would_break_local_equivariance_is_refused(int rows, int columns, string message)
    {
        var lattice = new Lattice(4, 6);
        var window = new Window(rows, columns);
        foreach (Window[] windows in new Window[][] { [window, s_three], [s_three, window] })
        {
            var error = Assert.Throws<LeapsException>(
                () => new LocallyEquivariantConv(lattice, 0, windows, 4));
            Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public void Sizes_out_of_range_are_refused()
    {
        var lattice = new Lattice(4, 4);
        AssertRefused("at least two kernel", () => new LocallyEquivariantConv(lattice, 0, [s_three], 4));
        AssertRefused("0 channels", () => new LocallyEquivariantConv(lattice, 0, [s_three, s_three], 0));
        AssertRefused("257 channels", () => new LocallyEquivariantConv(lattice, 0, [s_three, s_three], 257));
        AssertRefused("1 states", () => new LocallyEquivariantConv(lattice, 1, [s_three, s_three], 4));
        AssertRefused("65 states", () => new LocallyEquivariantConv(lattice, 65, [s_three, s_three], 4));
        AssertRefused("hidden sizes", () => new FreeEnergyNetwork([]));
    }

    [Fact]
    public void A_network_of_another_target_is_refused()
    {
        var schedule = new CouplingSchedule(
            ScheduleShape.Linear, new Couplings(0, 0, 1), new Couplings(1, 0, 1));
        var ising = new IsingTarget(new Lattice(4, 4), schedule);
        var network = new LocallyEquivariantConv(ising, [s_three, s_three], 4);
        network.CheckFits(ising);
        AssertMisfit("made for ising, the target is potts with 3 states",
            new PottsTarget(new Lattice(4, 4), 3, schedule));
        AssertMisfit("made for the lattice L=4, the target has 4×6",
            new IsingTarget(new Lattice(4, 6), schedule));

        void AssertMisfit(string message, Target target)
        {
            var error = Assert.Throws<LeapsException>(() => network.CheckFits(target));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(5, 5)]
    [InlineData(2, 6)]
    [InlineData(3, 4)]
    public void The_full_window_sees_every_other_site_exactly_once(int rows, int columns)
    {
        var lattice = new Lattice(rows, columns);
        var window = new Window(rows, columns);
        window.Validate(lattice);
        Assert.Equal((0, 0), window.Offset(window.Centre));
        var seen = Enumerable.Range(0, window.Positions).Select(window.Offset)
            .Select(offset => lattice.Site(1 + offset.Row, 1 + offset.Column));
        Assert.Equal(Enumerable.Range(0, lattice.Sites), seen.Order());
    }

    [Fact]
    public void Tensors_are_named_and_shaped_as_in_the_reference_implementation()
    {
        var lattice = new Lattice(4, 6);
        var network = new LocallyEquivariantConv(lattice, 3, [s_three, new Window(4, 5)], channels: 7);
        Assert.Equal(
            [
                "net.network.linear [3,7]", "net.network.emb.embedding.weight [3,7]",
                "net.network.initial_conv.weight [7,7,3,3]", "net.network.convs.0.A [7,20,7]",
                "net.network.convs.0.b1 [7,20]", "net.network.convs.0.b2 [7,20]",
                "net.network.convs.0.mlp.mlp.0.weight [64,1]", "net.network.convs.0.mlp.mlp.0.bias [64]",
                "net.network.convs.0.mlp.mlp.2.weight [64,64]", "net.network.convs.0.mlp.mlp.2.bias [64]",
                "net.network.convs.0.mlp.mlp.4.weight [20,64]", "net.network.convs.0.mlp.mlp.4.bias [20]",
            ],
            network.Layout.Tensors.Select(tensor => $"{tensor.Name} [{string.Join(",", tensor.Shape)}]"));
        Assert.Equal(network.Layout.Tensors.Sum(tensor => tensor.Length), network.Layout.Count);
    }

    [Fact]
    public void Initial_values_follow_from_the_seed_and_lie_on_the_float32_grid()
    {
        var lattice = new Lattice(5, 5);
        var network = new LocallyEquivariantConv(lattice, 3, [s_three, new Window(5, 5)], channels: 6);
        double[] first = Initial(1), again = Initial(1), other = Initial(2);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.All(first, value => Assert.Equal((float)value, value));

        double[] Initial(ulong seed)
        {
            var parameters = new ParameterSet(network.Layout);
            network.Initialise(parameters, seed);
            return parameters.Values;
        }
    }

    private static void AssertRefused(string message, Func<object> make) =>
        Assert.Contains(message, Assert.Throws<LeapsException>(make).Message, StringComparison.Ordinal);
}
