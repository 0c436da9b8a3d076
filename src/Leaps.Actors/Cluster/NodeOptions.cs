using Leaps.Actors.Telemetry;
using Leaps.Model;

namespace Leaps.Actors.Cluster;

/// <summary>A process that takes part in a cluster.</summary>
public sealed record NodeOptions
{
    public const int LongestName = 60;

    /// <summary>Unique in the cluster: 1 to 60 of A-Z a-z 0-9 . _ -</summary>
    public required string Name { get; init; }

    /// <summary>Kind of the device, such as "simd-fma".</summary>
    public required string Device { get; init; }

    /// <summary>Threads that move walkers.</summary>
    public required int Threads { get; init; }

    /// <summary>Network evaluations a second of a fixed small network, all threads together.</summary>
    public required double Speed { get; init; }

    /// <summary>Of the program, for the user.</summary>
    public string Version { get; init; } = "";

    public ClusterTimes Times { get; init; } = new();
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>One line for whoever looks after the node.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>Null: nobody wants to know. Its owner's to dispose of, after the node.</summary>
    public NodeTelemetry? Telemetry { get; init; }

    /// <exception cref="LeapsException">The name is none.</exception>
    public void Validate()
    {
        if (Name.Length is < 1 or > LongestName
            || Name.Any(c => !char.IsAsciiLetterOrDigit(c) && !"._-".Contains(c)))
            throw new LeapsException($"'{Name}' is no name of a node: write 1 to {LongestName} of "
                + "A-Z a-z 0-9 . _ -");
    }
}

/// <summary>How soon the nodes of a cluster notice things; the same for all of them.</summary>
public sealed record ClusterTimes
{
    /// <summary>Who is silent for so long is gone: 1 s to 10 min. Whose connection to the broker is seen to
    /// end is gone at once.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From one heartbeat to the next.</summary>
    public TimeSpan Beat => TimeSpan.FromTicks(Math.Clamp(
        Lease.Ticks / 10, TimeSpan.TicksPerMillisecond * 100, TimeSpan.TicksPerSecond));
}
