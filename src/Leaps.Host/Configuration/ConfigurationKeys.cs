namespace Leaps.Host.Configuration;

/// <summary>The keys that a configuration may have, by their dotted paths.</summary>
internal static class ConfigurationKeys
{
    /// <summary>The keys of a section, "" being the whole; none where the path is not a section.</summary>
    public static IReadOnlyList<string> Under(string section) => section switch
    {
        "" =>
        [
            "target", "network", "train", "sample", "checkpoint", "time-limit", "seed", "threads", "device",
            "output",
        ],
        "target" => ["model", "lattice", "states", "schedule", "switch-value", "J", "h", "beta"],
        "network" => ["kernels", "channels", "padding", "embedding-max-norm", "free-energy", "model"],
        "train" =>
        [
            "updates", "target-relative-ess", "batch", "learning-rate", "decay", "gradient-clip", "source",
            "pool", "rollouts", "horizon", "evaluate",
        ],
        "train.decay" => ["every", "factor"],
        "train.pool" => ["walkers", "times", "sweeps"],
        "train.rollouts" => ["walkers", "buffer-cycle", "buffer-size", "moves", "staleness"],
        "train.horizon" => ["updates", "step"],
        "train.evaluate" => ["every", "walkers", "windows"],
        "sample" =>
        [
            "walkers", "groups", "windows", "integrator", "grid", "grid-target", "resample", "mcmc",
            "replicas", "stop",
        ],
        "sample.resample" => ["threshold", "scheme"],
        "sample.stop" => ["standard-error"],
        "checkpoint" => ["every"],
        "sample.mcmc" => ["kernel", "sweeps", "moves", "rate"],
        _ => [],
    };

    /// <summary>The paths at which a key, or a path itself, has a value; of the highest level only.</summary>
    /// <param name="key">a key, or a dotted path</param>
    /// <param name="keysUnder">the keys of a section, by its path; null: those of a run</param>
    public static IReadOnlyList<string> PathsTo(
        string key, Func<string, IReadOnlyList<string>>? keysUnder = null)
    {
        var paths = Values("", keysUnder ?? Under)
            .Where(path => path == key || path.Split('.')[^1] == key).ToList();
        int highest = paths.Count == 0 ? 0 : paths.Min(Depth);
        return paths.FindAll(path => Depth(path) == highest);
    }

    /// <summary>The dotted path of a key in a section.</summary>
    public static string PathOf(string section, string key) =>
        section.Length == 0 ? key : $"{section}.{key}";

    /// <summary>The paths of all values below a section.</summary>
    public static IEnumerable<string> Values(string section, Func<string, IReadOnlyList<string>> keysUnder)
    {
        foreach (string path in keysUnder(section).Select(key => PathOf(section, key)))
        {
            if (keysUnder(path).Count == 0)
                yield return path;
            foreach (string below in keysUnder(path).Count == 0 ? [] : Values(path, keysUnder))
                yield return below;
        }
    }

    private static int Depth(string path) => path.Count(c => c == '.');
}
