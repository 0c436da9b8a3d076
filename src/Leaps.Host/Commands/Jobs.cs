using Leaps.Host.Commands.Cluster;
using Leaps.Host.Terminal;

namespace Leaps.Host.Commands;

/// <summary>The work of a command, given its checked request.</summary>
/// <exception cref="Leaps.Model.LeapsException">Something that the user can put right.</exception>
/// <exception cref="OperationCanceledException">The context's token was cancelled.</exception>
public delegate JobResult Job<in TRequest>(TRequest request, JobContext context);

/// <summary>What a job may use of its surroundings.</summary>
/// <param name="Progress">takes reports on long work</param>
/// <param name="Notice">one line for the user beside the results, such as how to resume; dropped with
/// --quiet</param>
/// <param name="Clock">for rates and durations</param>
/// <param name="Cancellation">cancelled by Ctrl-C: stop at the next safe place and throw</param>
public sealed record JobContext(IProgressSink Progress, Action<string> Notice, TimeProvider Clock,
    CancellationToken Cancellation)
{
    /// <summary>The command as it was given, for the record.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>Takes pictures of what goes on, from a job that shows them instead of progress.</summary>
    public IScreen Screen { get; init; } = new NoScreen();
}

/// <summary>What a command found.</summary>
/// <param name="Json">an object for --json: its properties become camelCase</param>
/// <param name="Estimates">the table for a person</param>
/// <param name="Lines">more for a person, below the table: where files were written</param>
public sealed record JobResult(
    object Json, IReadOnlyList<EstimateRow> Estimates, IReadOnlyList<string> Lines)
{
    /// <summary>More tables for a person, between the estimates and the lines.</summary>
    public IReadOnlyList<ResultTable> Tables { get; init; } = [];
}

/// <summary>
/// The work behind the commands, kept apart from the reading of options. A command whose job is null is not
/// part of the program.
/// </summary>
public sealed record Jobs
{
    /// <summary>Trains if the configuration says so, samples, and writes the run directory.</summary>
    public Job<RunRequest>? Run { get; init; }

    /// <summary>Trains and writes the run directory with the model.</summary>
    public Job<RunRequest>? Train { get; init; }

    /// <summary>Goes on with a run that was interrupted, or extends one that is complete.</summary>
    public Job<ResumeRequest>? Resume { get; init; }

    /// <summary>Asks a run how it stands, or tells it what to do.</summary>
    public Job<ControlCommandRequest>? Control { get; init; }

    /// <summary>Samples with the model named in the configuration, or with MCMC only.</summary>
    public Job<RunRequest>? Sample { get; init; }
    public Job<EvaluateRequest>? Evaluate { get; init; }
    public Job<ImportRequest>? Import { get; init; }
    public Job<ExactRequest>? Exact { get; init; }
    public Job<RatesRequest>? Rates { get; init; }
    public Job<ReportRequest>? Report { get; init; }

    /// <summary>Everything that is for clusters; null: the program knows none.</summary>
    public ClusterJobs? Cluster { get; init; }
}
