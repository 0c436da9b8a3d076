using Leaps.Model.Sampling;

namespace Leaps.Host.Configuration;

/// <summary>Reads the section 'sample'; the defaults are those of <see cref="AnnealerOptions"/>.</summary>
internal static class SampleReader
{
    public static SampleConfiguration Read(Section top)
    {
        var configuration = new SampleConfiguration();
        var section = top.Find("sample");
        if (section is null)
            return configuration;
        var options = configuration.Annealing;
        options = Set(section, options, "walkers", (o, v) => o with { Walkers = v.Integer() });
        options = Set(section, options, "groups", (o, v) => o with { Groups = v.Integer() });
        options = Set(section, options, "windows", (o, v) => o with { Windows = v.Integer() });
        options = Set(section, options, "integrator", (o, v) =>
            o with { Integrator = v.OneOf<IntegratorKind>() });
        options = Set(section, options, "grid", (o, v) => o with { Grid = v.OneOf<TimeGridKind>() });
        options = Set(section, options, "grid-target", (o, v) => o with { GridTarget = v.Number() });
        if (section.Find("resample") is { } resample)
        {
            options = Set(resample, options, "threshold", (o, v) =>
                o with { ResamplingThreshold = v.Number() });
            options = Set(resample, options, "scheme", (o, v) =>
                o with { Resampling = v.OneOf<ResamplingScheme>() });
        }
        if (section.Find("mcmc") is { } mcmc)
        {
            options = SetMcmc(mcmc, options, "kernel", (m, v) =>
                m with { Kernel = v.OneOf<McmcKernelKind>() });
            options = SetMcmc(mcmc, options, "sweeps", (m, v) => m with { Sweeps = v.Integer() });
            options = SetMcmc(mcmc, options, "moves", (m, v) => m with { Moves = v.Integer() });
            options = SetMcmc(mcmc, options, "rate", (m, v) => m with { Rate = v.Number() });
        }
        configuration = configuration with { Annealing = options };
        configuration = section.Set(configuration, "replicas",
            (c, v) => c with { Replicas = v.Integer() }, c => c.Validate());
        return section.Find("stop") is { } stop
            ? stop.Set(configuration, "standard-error",
                (c, v) => c with { TargetStandardError = v.Number() }, c => c.Validate())
            : configuration;
    }

    private static AnnealerOptions Set(Section section, AnnealerOptions options, string key,
        Func<AnnealerOptions, ConfigValue, AnnealerOptions> apply) =>
        section.Set(options, key, apply, o => o.Validate());

    private static AnnealerOptions SetMcmc(Section section, AnnealerOptions options, string key,
        Func<McmcOptions, ConfigValue, McmcOptions> apply) =>
        Set(section, options, key, (o, v) => o with { Mcmc = apply(o.Mcmc, v) });
}
