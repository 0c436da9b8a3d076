namespace Leaps.Simulation.Tests;

/// <summary>Something that must never happen did.</summary>
/// <param name="checker">whose rule it was</param>
/// <param name="text">what happened</param>
internal sealed class ViolationException(string checker, string text) : Exception($"{checker}: {text}")
{
    public string Checker { get; } = checker;
}
