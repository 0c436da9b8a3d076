using System.Globalization;
using Leaps.Simulation.Tests;

// fuzz SEEDS FROM: simulates so many seeds. Anything else is for the test runner.
return args switch
{
    ["fuzz", var seeds, var from] => Fuzzer.Report(
        ulong.Parse(from, CultureInfo.InvariantCulture), int.Parse(seeds, CultureInfo.InvariantCulture),
        Console.Out),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
