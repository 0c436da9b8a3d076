using Leaps.Host.Commands;
using Leaps.Host.Configuration;

namespace Leaps.Host.Execution;

/// <summary>leaps report: report.html made anew; prints what the run printed.</summary>
internal static class ReportJob
{
    public static JobResult Run(ReportRequest request, JobContext context)
    {
        var result = ReportBuilder.Write(request.Directory, request.Configuration);
        return new JobResult(result, ResultRows.Table(result),
            [$"report: {request.Directory.PathOf(RunDirectory.Report)}"]);
    }
}
