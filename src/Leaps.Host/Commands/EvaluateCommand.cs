using System.CommandLine;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Devices;
using Leaps.Model.Sampling;

namespace Leaps.Host.Commands;

/// <param name="Model">path of a model file, .safetensors or .ckpt</param>
/// <param name="Annealing">checked, with seed and threads</param>
/// <param name="Replicas">independent repetitions, for errors</param>
/// <param name="Device">where the network is; of several GPUs the first</param>
public sealed record EvaluateRequest(
    string Model, AnnealerOptions Annealing, int Replicas, DeviceSelection Device);

/// <summary>leaps evaluate: how well a model samples; log Z and ESS against the exact values.</summary>
internal sealed class EvaluateCommand
{
    private readonly Option<string?> _model = OptionFactory.Text(
        "--model", "FILE", "The model: .safetensors, or a .ckpt of the reference.", required: true);
    private readonly Option<IntegratorKind?> _integrator =
        OptionFactory.OneOf<IntegratorKind>("--integrator", "I", "How walkers move (default exact).");
    private readonly Option<int?> _windows =
        OptionFactory.Integer("--windows", "N", "Windows (steps) from t = 0 to 1 (default 20).");
    private readonly Option<int?> _walkers =
        OptionFactory.Integer("--walkers", "M", "Walkers (default 1000).");
    private readonly Option<ulong?> _seed = OptionFactory.Seed();
    private readonly Option<int?> _threads =
        OptionFactory.Integer("--threads", "T", "Threads; 0 means all (default). Changes no result.");
    private readonly Option<DeviceSelection?> _device = OptionFactory.Device(
        "Where the network is: the CPU (default) or one GPU; of several the first.");
    private readonly Option<TimeGridKind?> _grid =
        OptionFactory.OneOf<TimeGridKind>("--grid", "G", "Time grid (default uniform).");
    private readonly Option<double?> _resample =
        OptionFactory.Number("--resample", "D", "Resample below this relative ESS (default 0: never).");
    private readonly Option<McmcKernelKind?> _mcmc =
        OptionFactory.OneOf<McmcKernelKind>("--mcmc", "K", "MCMC between windows (default none).");
    private readonly Option<int?> _sweeps =
        OptionFactory.Integer("--sweeps", "n", "MCMC sweeps before each window (default 1).");
    private readonly Option<int?> _replicas =
        OptionFactory.Integer("--replicas", "R", "Independent repetitions, for errors (default 1).");

    public static Command Create(CommandShell shell, Job<EvaluateRequest> job)
    {
        var command =
            new Command("evaluate", "Measure how well a model samples: log Z and effective sample size.");
        var options = new EvaluateCommand();
        foreach (var option in (Option[])[options._model, options._integrator, options._windows,
            options._walkers, options._seed, options._threads, options._device, options._grid,
            options._resample, options._mcmc, options._sweeps, options._replicas])
            command.Options.Add(option);
        return shell.Complete(command, options.Read, job);
    }

    private EvaluateRequest Read(ParseResult parse)
    {
        var options = new AnnealerOptions { ResamplingThreshold = 0 };
        options = Set(parse, options, _integrator, (o, value) => o with { Integrator = value });
        options = Set(parse, options, _windows, (o, value) => o with { Windows = value });
        options = Set(parse, options, _walkers, (o, value) => o with { Walkers = value });
        options = Set(parse, options, _seed, (o, value) => o with { Seed = value });
        options = Set(parse, options, _threads, (o, value) => o with { Threads = value });
        options = Set(parse, options, _grid, (o, value) => o with { Grid = value });
        options = Set(parse, options, _resample, (o, value) => o with { ResamplingThreshold = value });
        options = Set(parse, options, _mcmc, (o, value) => o with { Mcmc = o.Mcmc with { Kernel = value } });
        options = Set(parse, options, _sweeps, (o, value) =>
            o with { Mcmc = o.Mcmc with { Sweeps = value } });
        var sample =
            new SampleConfiguration { Annealing = options, Replicas = parse.GetValue(_replicas) ?? 1 };
        Check(_replicas, sample.Validate);
        return new EvaluateRequest(parse.GetRequiredValue(_model)!, options, sample.Replicas,
            parse.GetValue(_device) ?? DeviceSelection.Cpu);
    }

    // The defaults being valid, an error belongs to the option that was just set.
    private static AnnealerOptions Set<T>(ParseResult parse, AnnealerOptions options, Option<T?> option,
        Func<AnnealerOptions, T, AnnealerOptions> apply) where T : struct
    {
        if (parse.GetValue(option) is not { } value)
            return options;
        var changed = apply(options, value);
        Check(option, changed.Validate);
        return changed;
    }

    private static void Check(Option option, Action validate)
    {
        try
        {
            validate();
        }
        catch (LeapsException error)
        {
            throw new UsageException($"{option.Name}: {error.Message}");
        }
    }
}
