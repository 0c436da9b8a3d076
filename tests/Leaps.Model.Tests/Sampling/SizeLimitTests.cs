using Leaps.Model.Networks;
using Leaps.Model.Sampling;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Tests.Sampling;

/// <summary>
/// Sizes beyond what memory can index are refused with one line, before anything is allocated.
/// </summary>
public sealed class SizeLimitTests
{
    private static readonly IsingTarget Target = Lattices.Ising(15, 15, 0.44, 0);

    [Fact]
    public void More_states_than_one_array_can_hold_are_refused_by_name()
    {
        Refuses("walkers: 10000000 states of 225 sites don't fit into memory: use at most 9544371.",
            () => new Walkers(10_000_000, Target.Sites));
        Refuses("batch: 10000000 states of 225 sites don't fit into memory: use at most 9544371.",
            () => new TrainingBatch(10_000_000, Target.Sites));
        Refuses("pool walkers: 20000000 states of 225 sites don't fit into memory: use at most 9544371.",
            () => new EquilibriumPool(Target, new TrainingOptions { PoolWalkers = 20_000_000 }));
    }

    // 2^32 + 104 bytes wrap around to a small positive number.
    [Fact]
    public void A_product_that_wraps_around_is_refused_too() =>
        Refuses("walkers: 19088744 states of 225 sites don't fit into memory: use at most 9544371.",
            () => new Walkers(19_088_744, Target.Sites));

    [Fact]
    public void A_network_whose_weights_an_int_cannot_index_is_refused()
    {
        var lattice = new Lattice(512, 512);
        Refuses("256 channels with kernels 3, 511 make too large a network: use fewer channels or "
            + "smaller kernels.",
            () => new LocallyEquivariantConv(lattice, 0, [new Window(3, 3), new Window(511, 511)], 256));
        _ = new LocallyEquivariantConv(new Lattice(128, 128), 0, [new Window(3, 3), new Window(127, 127)],
            20);
    }

    private static void Refuses(string message, Func<object> make) =>
        Assert.Equal(message, Assert.Throws<LeapsException>(make).Message);
}
