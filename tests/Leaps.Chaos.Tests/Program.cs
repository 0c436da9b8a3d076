using System.Globalization;
using System.Runtime.InteropServices;
using Leaps.Chaos.Tests;

// chaos CASES SEED [default | tight | drawn [SECONDS]]: plays so many cases; the lease is drawn unless it is
// named; a run may take so many seconds. Anything else is for the test runner.
if (args is not ["chaos", var cases, var seed, ..])
    return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

using var cancellation = new CancellationTokenSource();
void Cancel(PosixSignalContext signal)
{
    // Everything that was started is ended first.
    signal.Cancel = true;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
bool? tight = args.ElementAtOrDefault(3) switch
{
    "tight" => true,
    "default" => false,
    _ => null,
};
int limit = int.Parse(args.ElementAtOrDefault(4) ?? "120", CultureInfo.InvariantCulture);
var series = new Series(tight, TimeSpan.FromSeconds(limit), Console.Out);
return await series.Run(int.Parse(cases, CultureInfo.InvariantCulture),
    ulong.Parse(seed, CultureInfo.InvariantCulture), cancellation.Token);
