using Leaps.Host.Commands;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Networks;
using Leaps.Model.Storage;

namespace Leaps.Host.Execution;

/// <summary>What `leaps rates --json` prints.</summary>
/// <param name="States">how many</param>
/// <param name="Time">annealing time</param>
/// <param name="Seconds">of the evaluation</param>
/// <param name="Output">the file written</param>
public sealed record RatesResult(int States, double Time, double Seconds, string Output);

/// <summary>
/// leaps rates: reads <c>states</c> (n, rows, columns), spins ±1 or values 0 … q-1, and writes <c>output</c>,
/// the signed G_t(x; i→v) as float32: (n, rows, columns) for Ising, where v is the flipped spin, and
/// (n, q, rows, columns) for Potts, zero at a site's own value. The rates are relu(G).
/// </summary>
internal static class RatesJob
{
    private const int Batch = 64;
    private const string States = "states", Output = "output";

    public static JobResult Run(RatesRequest request, JobContext context)
    {
        var model = ModelSource.Open(request.Model).Model;
        byte[] states = ReadStates(request.States, model.Network, out int count);
        using var network = DeviceChoice.ForCommand(request.Device, context).CreateNetwork(model);
        int sites = model.Network.Lattice.Sites, rows = model.Network.Lattice.Rows;
        int[] shape = model.Network.IsPotts
            ? [count, model.Network.PottsStates, rows, sites / rows]
            : [count, rows, sites / rows];
        long start = context.Clock.GetTimestamp();
        AtomicFile.Write(request.Output, stream =>
        {
            using var npz = new NpzWriter(stream);
            npz.Write(Output, shape, Evaluate(network, states, count, request.Time, context));
        }, refuseExisting: true);
        double seconds = context.Clock.GetElapsedTime(start).TotalSeconds;
        return new JobResult(new RatesResult(count, request.Time, seconds, request.Output), [],
            [$"wrote {request.Output}: '{Output}', float32 [{string.Join(", ", shape)}]"]);
    }

    private static IEnumerable<ReadOnlyMemory<float>> Evaluate(
        RateNetwork network, byte[] states, int count, double time, JobContext context)
    {
        int sites = network.Architecture.Lattice.Sites, outputs = network.Architecture.Outputs;
        using var evaluator = network.CreateEvaluator();
        var buffer = new float[Batch * outputs];
        for (int first = 0; first < count; first += Batch)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int size = Math.Min(Batch, count - first);
            evaluator.Evaluate(
                states.AsSpan(first * sites, size * sites), size, time, buffer.AsSpan(0, size * outputs));
            context.Progress.Report("rates", first + size, count, "");
            yield return buffer.AsMemory(0, size * outputs);
        }
    }

    /// <summary>The states as values 0 … q-1, (n, sites).</summary>
    private static byte[] ReadStates(string path, LocallyEquivariantConv network, out int count)
    {
        var file = NpzFile.Read(path, example: States);
        var tensor = file.Find(States) ?? throw new LeapsException(
            $"{path}: there is no array '{States}' in it; give int8 [n, rows, columns]");
        var lattice = network.Lattice;
        if (tensor.Shape is not [var n, var rows, var columns] || rows != lattice.Rows
            || columns != lattice.Columns)
            throw new LeapsException($"{path}: '{States}' is {tensor.Describe()}; the model needs "
                + $"[n, {lattice.Rows}, {lattice.Columns}]");
        if (tensor.Type is ElementType.Float32 or ElementType.Float64 or ElementType.Bool)
            throw new LeapsException($"{path}: '{States}' is {tensor.Describe()}; give whole numbers, int8");
        count = n;
        double[] values = tensor.ToDoubles();
        var states = new byte[values.Length];
        for (int k = 0; k < values.Length; k++)
        {
            double value = values[k];
            bool good = network.IsPotts
                ? value >= 0 && value < network.PottsStates
                : value is 1 or -1;
            if (!good)
                throw new LeapsException(
                    $"{path}: '{States}'[{k / lattice.Sites}, {k % lattice.Sites / lattice.Columns}, "
                    + $"{k % lattice.Columns}] is {value}; allowed: "
                    + (network.IsPotts ? $"0 to {network.PottsStates - 1}" : "-1 and 1"));
            states[k] = (byte)(network.IsPotts ? value : (value + 1) / 2);
        }
        return states;
    }
}
