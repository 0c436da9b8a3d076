using System.CommandLine;
using System.Globalization;
using Leaps.Host.Configuration;
using Leaps.Model.Devices;

namespace Leaps.Host.Commands;

/// <summary>A number in all, or so many more: "3000", "+1000".</summary>
public readonly record struct Growth(int Number, bool IsMore)
{
    public int From(int present) => IsMore ? checked(present + Number) : Number;

    public static bool TryParse(string text, out Growth value)
    {
        bool more = text.StartsWith('+');
        bool good = int.TryParse(text.AsSpan(more ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture,
            out int number) && number <= 100_000_000;
        value = new Growth(number, more);
        return good;
    }
}

/// <param name="Directory">of the run</param>
/// <param name="Updates">of the training, in all or more; null: as configured</param>
/// <param name="Replicas">of the sampling, in all or more; null: as configured</param>
/// <param name="Changes">for this process: threads, device, time limit</param>
public sealed record ResumeRequest(
    string Directory, Growth? Updates, Growth? Replicas, IReadOnlyList<Override> Changes);

/// <summary>leaps resume DIR: go on with a run, or extend it.</summary>
internal sealed class ResumeCommand
{
    private readonly Argument<string> _directory = new("DIR") { Description = "A run directory." };
    private readonly Option<Growth?> _updates = OptionFactory.Growth(
        "--updates", "Train to N updates in all, or N more; then sample anew.");
    private readonly Option<Growth?> _replicas = OptionFactory.Growth(
        "--replicas", "Sample to N replicas in all, or N more.");
    private readonly Option<int?> _threads =
        OptionFactory.Integer("--threads", "N", "Threads; 0 means all. Changes no result.");
    private readonly Option<DeviceSelection?> _device = OptionFactory.Device(
        "Where networks are, of the kind that the run began on; auto finds it.");
    private readonly Option<string?> _limit =
        OptionFactory.Text("--time-limit", "TIME", "Time for what is left, such as 30m or 2h; 0 means any.");

    public static Command Create(CommandShell shell, Job<ResumeRequest> job)
    {
        var command = new Command("resume", "Go on with a run that was stopped, or extend one.");
        var options = new ResumeCommand();
        command.Arguments.Add(options._directory);
        foreach (var option in (Option[])
            [options._updates, options._replicas, options._threads, options._device, options._limit])
            command.Options.Add(option);
        return shell.Complete(command, options.Read, job);
    }

    private ResumeRequest Read(ParseResult parse)
    {
        var changes = new List<Override>();
        if (parse.GetValue(_threads) is { } threads)
            changes.Add(
                Override.Number("threads", "--threads", threads.ToString(CultureInfo.InvariantCulture)));
        if (parse.GetValue(_device) is { } device)
            changes.Add(Override.Text("device", "--device", device.ToString()));
        if (parse.GetValue(_limit) is { } limit)
            changes.Add(Override.Text("time-limit", "--time-limit", limit));
        return new ResumeRequest(parse.GetRequiredValue(_directory), parse.GetValue(_updates),
            parse.GetValue(_replicas), changes);
    }
}
