namespace Leaps.Model.Sampling;

/// <summary>One step of the grid, [<see cref="Start"/>, <see cref="End"/>] in annealing time.</summary>
public readonly record struct TimeWindow(int Index, double Start, double End)
{
    public double Length => End - Start;

    /// <summary>t*, where the exact integrator freezes the time argument of the rates.</summary>
    public double Midpoint => 0.5 * (Start + End);
}
