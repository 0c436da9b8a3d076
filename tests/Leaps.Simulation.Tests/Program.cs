using System.Globalization;
using Leaps.Simulation.Tests;

// fuzz SEEDS FROM: simulates so many seeds. trace SEED: one of them, told in full.
// scale: the cost of many groups. Anything else is for the test runner.
return args switch
{
    ["fuzz", var seeds, var from] => Fuzzer.Report(
        ulong.Parse(from, CultureInfo.InvariantCulture), int.Parse(seeds, CultureInfo.InvariantCulture),
        Console.Out),
    ["trace", var seed] => Fuzzer.Trace(ulong.Parse(seed, CultureInfo.InvariantCulture), Console.Out),
    ["scale"] => Leaps.Simulation.Tests.Scale.ScaleTable.Print(Console.Out),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
