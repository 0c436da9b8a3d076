namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>Whose actors: those of other clusters, runs and parts in the same tables are others.</summary>
/// <param name="Cluster">the cluster's identity</param>
/// <param name="Run">the run's identity</param>
/// <param name="Part">such as "run" or "sampling-1"</param>
internal readonly record struct JournalScope(Guid Cluster, Guid Run, string Part);
