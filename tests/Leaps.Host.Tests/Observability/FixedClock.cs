namespace Leaps.Host.Tests.Observability;

/// <summary>A clock that shows what it is set to; its timers are the system's.</summary>
internal sealed class FixedClock : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 11, 22, 9, 0, 1, 123, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}
