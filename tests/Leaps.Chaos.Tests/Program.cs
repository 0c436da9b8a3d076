using System.Globalization;
using System.Runtime.InteropServices;
using Leaps.Chaos.Tests;
using Leaps.Servers;

// chaos CASES SEED [default | tight | drawn [SECONDS]]: plays so many cases; the lease is drawn unless it is
// named; a run may take so many seconds. draw CASES SEED: only says what the cases are. Anything else is for
// the test runner.
if (args is not [("chaos" or "draw") and var verb, var cases, var first, ..])
    return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

// SEED and those after it, or, where several are named (4,9,16), these.
int count = int.Parse(cases, CultureInfo.InvariantCulture);
ulong[] named = [.. first.Split(',').Select(text => ulong.Parse(text, CultureInfo.InvariantCulture))];
ulong[] seeds = named.Length > 1 ? named : [.. Enumerable.Range(0, count).Select(k => named[0] + (ulong)k)];
bool? tight = args.ElementAtOrDefault(3) switch
{
    "tight" => true,
    "default" => false,
    _ => null,
};
int limit = int.Parse(args.ElementAtOrDefault(4) ?? "120", CultureInfo.InvariantCulture);
if (verb == "draw")
{
    foreach (ulong seed in seeds)
        Console.WriteLine($"seed {seed}: {ChaosCase.Draw(seed, tight)}");
    return 0;
}

using var cancellation = new CancellationTokenSource();
void Cancel(PosixSignalContext signal)
{
    // Everything that was started is ended first.
    signal.Cancel = true;
    cancellation.Cancel();
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
try
{
    return await new Series(TimeSpan.FromSeconds(limit), Console.Out).Run(
        [.. seeds.Select(seed => ChaosCase.Draw(seed, tight))], cancellation.Token);
}
catch (ServerMissingException missing)
{
    Console.Error.WriteLine(missing.Message);
    return 2;
}
