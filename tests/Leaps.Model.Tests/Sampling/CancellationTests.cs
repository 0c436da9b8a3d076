using Leaps.Model.Sampling;

namespace Leaps.Model.Tests.Sampling;

/// <summary>Work that is cancelled inside a window stops there, not at the window's end.</summary>
public sealed class CancellationTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_window_of_endless_sweeps_ends_when_it_is_cancelled()
    {
        var annealer = new Annealer(Lattices.Ising(4, 4, 0.4, 0), null, new AnnealerOptions
        {
            Walkers = 64,
            Windows = 2,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.HeatBathSweep, Sweeps = int.MaxValue },
            Threads = 2,
        });
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        var run = Task.Run(() => annealer.Run(cancellation: cancellation.Token),
            TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => run.WaitAsync(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_choice_of_an_adaptive_grid_ends_when_it_is_cancelled()
    {
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        var choice = Task.Run(() => new Annealer(Lattices.Ising(4, 4, 0.4, 0), null, new AnnealerOptions
        {
            Walkers = 64,
            Windows = 1000,
            Grid = TimeGridKind.Adaptive,
            GridTarget = 0.99,
            Mcmc = new McmcOptions { Kernel = McmcKernelKind.SwendsenWang, Sweeps = int.MaxValue },
            Threads = 2,
        }, cancellation: cancellation.Token), TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => choice.WaitAsync(s_patience, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Nothing_moves_where_it_was_cancelled_before()
    {
        var annealer = new Annealer(Lattices.Ising(4, 4, 0.4, 0), null, new AnnealerOptions { Walkers = 8 });
        var state = annealer.Start();
        byte[] before = [.. state.Walkers.States];

        Assert.ThrowsAny<OperationCanceledException>(
            () => annealer.Advance(state, new CancellationToken(canceled: true)));

        Assert.Equal(before, state.Walkers.States);
    }
}
