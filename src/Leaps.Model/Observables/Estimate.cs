namespace Leaps.Model.Observables;

/// <summary>A value and its standard error; NaN where it can't be had.</summary>
public readonly record struct Estimate(double Value, double StdErr);
