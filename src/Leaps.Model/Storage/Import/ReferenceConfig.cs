using Leaps.Model.Networks;
using Leaps.Model.Targets;
using Leaps.Model.Training;

namespace Leaps.Model.Storage.Import;

/// <summary>
/// A training configuration of the reference implementation (its <c>*_config.yml</c>, or the Namespace in its
/// checkpoints) in our terms. Its couplings are J, the field h = μB and β, each moving on the same path.
/// </summary>
public sealed class ReferenceConfig
{
    // Read by the reference for its files, logs and machines; they say nothing about the science.
    private static readonly HashSet<string> Irrelevant = new(StringComparer.Ordinal)
    {
        "accelerator", "num_workers", "num_gpus", "num_nodes", "code_path", "ckpts_dir", "ckpt_fname",
        "results_path", "results_dir", "use_wandb", "wandb_project", "wandb_name", "ckpt_every",
        "log_every_local", "plot_every", "model_class",
    };

    private ReferenceConfig(ConfigValues values)
    {
        RequireText(values, "arch", "conv", "only the convolution is read");
        RequireText(values, "embedding_type", "grid_embedding", "only that embedding is known");
        Target = ReadTarget(values);
        Windows = [.. values.Integers("kernel_sizes").Select(size => new Window(size, size))];
        Channels = values.Integer("num_channels");
        FreeEnergyHidden = values.Integers("F_hidden_sizes");
        NetworkMetadata.RequireSize(Windows, Channels, FreeEnergyHidden);
        int inputs = Target is PottsTarget ? Channels : 1;
        if (values.Integer("in_channels", inputs) is var given && given != inputs)
            throw new LeapsException($"in_channels is {given}; this network needs {inputs}.");
        Training = ReadTraining(values);
        Notes = [.. ReadNotes(values)];
    }

    public Target Target { get; }

    /// <summary>The first convolution's, then one a layer.</summary>
    public IReadOnlyList<Window> Windows { get; }
    public int Channels { get; }
    public IReadOnlyList<int> FreeEnergyHidden { get; }

    /// <summary>
    /// Rollouts as the reference does them. The number of updates and all that the reference does not have
    /// keep our defaults.
    /// </summary>
    public TrainingOptions Training { get; }

    /// <summary>One line for each setting that has no counterpart here and was left out.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <param name="values">
    /// key → text, number, boolean, or a list of them, as a YAML parser gives it: the file is one flat map
    /// </param>
    /// <exception cref="LeapsException">
    /// A key is missing or has a value that can't be used; it is named.
    /// </exception>
    public static ReferenceConfig Parse(IReadOnlyDictionary<string, object?> values) =>
        new(new ConfigValues(values));

    /// <summary>
    /// The network with the reference's ways: the first convolution sees zeros outside the lattice, and Potts
    /// embedding rows longer than 1 count as length 1.
    /// </summary>
    public LocallyEquivariantConv CreateNetwork() =>
        new(Target, Windows, Channels, FirstPadding.Zeros, embeddingMaxNorm: Target is PottsTarget);

    private static Target ReadTarget(ConfigValues values)
    {
        string kind = values.Text("target");
        int side = values.Integer("L");
        var shape = (values.Find("path") ?? "linear") switch
        {
            "linear" => ScheduleShape.Linear,
            "trig" => ScheduleShape.Trig,
            "switch" => throw new LeapsException(
                "path is 'switch': the reference's switch path does not end at the given couplings, so "
                + "that its networks sample something else; such models are not imported."),
            var other => throw new LeapsException($"path is '{other}'; linear and trig are known."),
        };
        var schedule = new CouplingSchedule(shape, ReadCouplings(values, 0), ReadCouplings(values, 1));
        return kind switch
        {
            "ising" => new IsingTarget(new Lattice(side, side), schedule),
            "potts" => new PottsTarget(new Lattice(side, side), values.Integer("n_cat"), schedule),
            _ => throw new LeapsException($"target is '{kind}'; ising and potts are known."),
        };
    }

    private static Couplings ReadCouplings(ConfigValues values, int end) => new(
        values.Number($"J_{end}"), Field: values.Number($"B_{end}", 0),
        InverseTemperature: values.Number($"beta_{end}"), Moment: values.Number($"mu_{end}", 0));

    private static TrainingOptions ReadTraining(ConfigValues values)
    {
        var defaults = new TrainingOptions();
        bool buffer = values.Boolean("use_buffer", true);
        var options = defaults with
        {
            Source = TrainingSource.Rollouts,
            LearningRate = values.Number("base_lr", 3e-4),
            DecayEvery = values.Integer("lr_sched_step_size", defaults.DecayEvery),
            DecayFactor = values.Number("lr_sched_gamma", defaults.DecayFactor),
            RolloutWalkers = values.Integer("bs_per_gpu", defaults.RolloutWalkers),
            Batch = values.Integer("bs_for_loss_per_gpu", defaults.Batch),
            BufferCycle = values.Integer("buffer_cycle", defaults.BufferCycle),
            BufferSize = values.Integer("max_buffer_size", defaults.BufferSize),
            RolloutMoves = values.Integer("n_mcmc_per_net", defaults.RolloutMoves),
            HorizonUpdates = values.Integer("n_anneal", 0),
            HorizonStep = values.Number("delta_t", defaults.HorizonStep),
            GradientClip = values.Number("grad_clip_norm", 0),
        };
        // Without a buffer the reference trains each update on a rollout of its own.
        if (!buffer)
            options = options with { BufferCycle = 1, BufferSize = 1 };
        options.Validate();
        return options;
    }

    private static IEnumerable<string> ReadNotes(ConfigValues values)
    {
        if (!values.Boolean("anneal_quadratic", true))
            yield return "anneal_quadratic is false, but here it is as if true.";
        if (values.Integer("starting_k", 1) is not 1 and var start)
            yield return $"starting_k is {start}, but here the horizon starts at 1.";
        if (values.Boolean("resample", false))
            yield return "resample is true, but here training rollouts are not resampled.";
        values.Find("resample_thres");
        foreach (string key in values.Unused.Where(key => !Irrelevant.Contains(key)))
            yield return $"{key} has no counterpart here and is left out.";
    }

    private static void RequireText(ConfigValues values, string key, string only, string reason)
    {
        if (values.Find(key) is { } text && text != only)
            throw new LeapsException($"{key} is '{text}': {reason}, '{only}'.");
    }
}
