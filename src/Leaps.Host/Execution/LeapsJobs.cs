using Leaps.Host.Commands;
using Leaps.Host.Execution.Cluster;

namespace Leaps.Host.Execution;

/// <summary>The work behind every command of the program.</summary>
public static class LeapsJobs
{
    /// <param name="cluster">how clusters are reached; null: the program knows none</param>
    public static Jobs Create(ClusterWiring? cluster = null) => new()
    {
        Run = RunJob.Run,
        Train = RunJob.Train,
        Sample = RunJob.Run,
        Resume = ResumeJob.Run,
        Control = ControlJob.Run,
        Evaluate = EvaluateJob.Run,
        Import = ImportJob.Run,
        Exact = ExactJob.Run,
        Rates = RatesJob.Run,
        Report = ReportJob.Run,
        Cluster = cluster?.CreateJobs(),
    };
}
