using System.CommandLine;
using Leaps.Model.Devices;

namespace Leaps.Host.Commands;

/// <param name="Model">path of a model file</param>
/// <param name="States">path of a .npz with the states</param>
/// <param name="Time">annealing time in [0, 1]</param>
/// <param name="Output">path of the .npz to write</param>
/// <param name="Device">where the network is; of several GPUs the first</param>
public sealed record RatesRequest(
    string Model, string States, double Time, string Output, DeviceSelection Device);

/// <summary>
/// leaps rates: the network's output G_t(x; i→v) for given states, for use from other programs.
/// </summary>
internal static class RatesCommand
{
    public static Command Create(CommandShell shell, Job<RatesRequest> job)
    {
        var command = new Command("rates", "Evaluate a model's rates for states in a NumPy file.");
        var model = OptionFactory.Text(
            "--model", "FILE", "The model: .safetensors, or a .ckpt of the reference.", required: true);
        var states = OptionFactory.Text("--states", "FILE", "The states, a NumPy .npz file.", required: true);
        var time = OptionFactory.Number("--time", "t", "Annealing time, 0 to 1.");
        time.Required = true;
        var output = OptionFactory.Text("--out", "FILE", "The .npz file to write.", required: true);
        var device = OptionFactory.Device(
            "Where the network is: the CPU (default) or one GPU; of several the first.");
        foreach (var option in (Option[])[model, states, time, output, device])
            command.Options.Add(option);
        return shell.Complete(command, parse =>
        {
            double t = parse.GetRequiredValue(time)!.Value;
            if (t is < 0 or > 1)
                throw new UsageException("--time must be between 0 and 1");
            return new RatesRequest(ExistingFile.Check(parse.GetRequiredValue(model)!),
                ExistingFile.Check(parse.GetRequiredValue(states)!), t, parse.GetRequiredValue(output)!,
                parse.GetValue(device) ?? DeviceSelection.Cpu);
        }, job);
    }
}
