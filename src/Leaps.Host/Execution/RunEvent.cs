using System.Text;
using System.Text.Json;
using Leaps.Host.Terminal;
using Leaps.Model;

namespace Leaps.Host.Execution;

/// <summary>What `leaps resume` is to bring to its end.</summary>
public enum RunPurpose
{
    /// <summary>Train where the configuration says so, and sample.</summary>
    Run,

    /// <summary>Train alone.</summary>
    Train,
}

/// <summary>
/// An event of the actor "run" in journal.db, as JSON: exactly one of the properties is set.
/// </summary>
internal sealed record RunEvent
{
    public RunConfigured? Configured { get; init; }
    public RunTrained? Trained { get; init; }
    public RunWritten? Written { get; init; }
    public RunResumed? Resumed { get; init; }

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(JsonOutput.Write(this));

    /// <exception cref="LeapsException">The bytes are no such event.</exception>
    public static RunEvent FromBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var item = JsonOutput.Read<RunEvent>(Encoding.UTF8.GetString(bytes));
            object?[] parts = [item.Configured, item.Trained, item.Written, item.Resumed];
            if (parts.Count(part => part is not null) == 1)
                return item;
        }
        catch (JsonException)
        {
            // As below.
        }
        throw new LeapsException("the journal has an event of the run that this version of Leaps does not "
            + "know: use the version that wrote it.");
    }
}

/// <summary>The run begins, or goes on with more updates or replicas.</summary>
internal sealed record RunConfigured
{
    /// <summary>All of config.yaml.</summary>
    public required string Configuration { get; init; }
    public required RunPurpose Purpose { get; init; }

    /// <summary>The training goes on from where it is, if it had ended.</summary>
    public required bool Trains { get; init; }

    /// <summary>What paths in the configuration are relative to.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>SHA-256 of the parameters in network.model; null where there is none.</summary>
    public string? InitialParameters { get; init; }

    /// <summary>Kind of the device that the network is on; null where there is none, or none yet.</summary>
    public string? Device { get; init; }
}

/// <summary>The training has ended.</summary>
/// <param name="Result">what it brought</param>
/// <param name="Parameters">SHA-256 of the parameters in model.safetensors</param>
internal sealed record RunTrained(TrainingResult Result, string Parameters);

/// <summary>The results of a sampling that is complete are in their files.</summary>
/// <param name="Sampling">number of the sampling</param>
/// <param name="Replicas">that it was to have</param>
internal sealed record RunWritten(int Sampling, int Replicas);

/// <summary>In a cluster: after an end or a pause the run goes on, as its user wants.</summary>
/// <param name="Resumptions">how often, by now</param>
internal sealed record RunResumed(int Resumptions);

/// <summary>What the events of a run add up to.</summary>
internal sealed record RunHistory
{
    /// <summary>The newest one; null before the run began.</summary>
    public RunConfigured? Configured { get; private init; }

    /// <summary>The texts of config.yaml so far, oldest first.</summary>
    public IReadOnlyList<string> Configurations { get; private init; } = [];

    /// <summary>Null while the training is not at its end.</summary>
    public RunTrained? Trained { get; private init; }

    /// <summary>Number of the present sampling: one for each training that has ended.</summary>
    public int Sampling => Math.Max(1, Trainings);

    public RunWritten? Written { get; private init; }

    /// <summary>Those of a cluster's run that the home has followed.</summary>
    public int Resumptions { get; private init; }
    private int Trainings { get; init; }

    public RunHistory With(RunEvent item)
    {
        if (item.Configured is { } configured)
            return this with
            {
                Configured = configured,
                Configurations = [.. Configurations, configured.Configuration],
                Trained = configured.Trains ? null : Trained,
            };
        if (item.Resumed is { } resumed)
            return this with { Resumptions = resumed.Resumptions };
        return item.Trained is { } trained
            ? this with { Trained = trained, Trainings = Trainings + 1 }
            : this with { Written = item.Written };
    }
}
