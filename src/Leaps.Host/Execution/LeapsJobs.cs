using Leaps.Host.Commands;

namespace Leaps.Host.Execution;

/// <summary>The work behind every command of the program.</summary>
public static class LeapsJobs
{
    public static Jobs Create() => new()
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
    };
}
