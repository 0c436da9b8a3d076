using System.CommandLine;
using System.Globalization;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Devices;

namespace Leaps.Host.Commands;

/// <summary>What `leaps run`, `train` and `sample` are asked to do.</summary>
/// <param name="Configuration">checked; Output names the run directory, which is free but not made
/// yet</param>
/// <param name="IsExample">no configuration was given: the built-in example runs</param>
public sealed record RunRequest(RunConfiguration Configuration, bool IsExample);

/// <summary>The configuration argument and the options that stand for keys of it.</summary>
internal sealed class ConfigurationOptions
{
    private readonly Argument<string?> _file;

    private readonly Option<string[]> _set = new("--set")
    {
        HelpName = "key=value",
        Description = "Replace a value of the configuration, e.g. --set sample.windows=50. May be repeated.",
    };

    private readonly Option<string?> _output = OptionFactory.Text("--output", "DIR", "The run directory.");
    private readonly Option<int?> _threads =
        OptionFactory.Integer("--threads", "N", "Threads; 0 means all. Changes no result.");
    private readonly Option<DeviceSelection?> _device = OptionFactory.Device(
        "Where networks are: the CPU, every GPU, GPUs by number, or GPUs if there are any (auto; default).");
    private readonly Option<ulong?> _seed = OptionFactory.Seed();

    public ConfigurationOptions(Command command, bool required)
    {
        _file = new Argument<string?>("CONFIG")
        {
            Description = required
                ? "The configuration, a YAML file."
                : "The configuration, a YAML file; without it a small example runs.",
            Arity = required ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        };
        command.Arguments.Add(_file);
        foreach (var option in (Option[])[_set, _output, _threads, _device, _seed])
            command.Options.Add(option);
    }

    /// <exception cref="LeapsException">The configuration is wrong, or its run directory is
    /// taken.</exception>
    public RunRequest Read(ParseResult parse, params IEnumerable<Override> more)
    {
        var request = ReadAlone(parse, more);
        RunDirectory.CheckFree(request.Configuration.Output);
        return request;
    }

    /// <summary>The configuration's file; null: the example.</summary>
    public string? FileOf(ParseResult parse) => parse.GetValue(_file);

    /// <summary>As <see cref="Read"/>; nothing is asked of the run directory.</summary>
    /// <exception cref="LeapsException">The configuration is wrong.</exception>
    public RunRequest ReadAlone(ParseResult parse, params IEnumerable<Override> more)
    {
        var overrides = (parse.GetValue(_set) ?? []).Select(Override.Parse).ToList();
        if (parse.GetValue(_output) is { } output)
            overrides.Add(Override.Text("output", "--output", output));
        if (parse.GetValue(_threads) is { } threads)
            overrides.Add(
                Override.Number("threads", "--threads", threads.ToString(CultureInfo.InvariantCulture)));
        if (parse.GetValue(_device) is { } device)
            overrides.Add(Override.Text("device", "--device", device.ToString()));
        if (parse.GetValue(_seed) is { } seed)
            overrides.Add(Override.Number("seed", "--seed", seed.ToString(CultureInfo.InvariantCulture)));
        overrides.AddRange(more);
        var configuration = parse.GetValue(_file) is { } file
            ? ConfigurationReader.ReadFile(file, overrides)
            : ConfigurationReader.ReadText(ExampleConfiguration.Text, ExampleConfiguration.Name, overrides);
        bool isExample = parse.GetValue(_file) is null;
        // The example can be run again without naming another directory.
        if (isExample && !overrides.Any(change => change.Path is ["output"]))
            configuration = configuration with { Output = RunDirectory.FirstFree(configuration.Output) };
        return new RunRequest(configuration, isExample);
    }
}
