using Leaps.GpuBenchmarks;
using Leaps.Model;
using Leaps.Model.Devices.Cuda.Driver;

// usage: Leaps.GpuBenchmarks OUTPUT [options]
//   OUTPUT       the JSON file to write
//   --device     which GPU (0)
//   --quick      tiny sizes, to see that everything runs: the figures mean nothing and say so
//   --library    another driver library
//   --reference  lines of benchmarks/reference_speed.py taken on the same GPU, "TARGET JSON" each
//   --sanitizer  lines of what compute-sanitizer found, "TOOL: result" each
string? Value(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
if (args.Length == 0 || args[0].StartsWith('-'))
{
    Console.Error.WriteLine("usage: Leaps.GpuBenchmarks OUTPUT [--device N] [--quick] [--library PATH] "
        + "[--reference FILE] [--sanitizer FILE]");
    return 2;
}
try
{
    using var device = CudaDriver.Open(Value("--library")).Device(int.Parse(Value("--device") ?? "0",
        System.Globalization.CultureInfo.InvariantCulture));
    var figures = new GpuFigures(device, args.Contains("--quick"), TimeProvider.System);
    figures.Run(Value("--reference"), Value("--sanitizer"));
    Console.Write(figures.Write(args[0]));
    Console.WriteLine($"written to {args[0]}");
    return 0;
}
catch (LeapsException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
