using System.CommandLine;

namespace Leaps.Host.Commands;

/// <summary>What a command prints.</summary>
/// <param name="Json">one JSON object on the output instead of the table</param>
/// <param name="Progress">progress also where the error stream is no terminal</param>
/// <param name="Quiet">neither progress nor table</param>
internal readonly record struct OutputMode(bool Json, bool Progress, bool Quiet);

/// <summary>The options that every command shares.</summary>
internal sealed class OutputOptions
{
    private readonly Option<bool> _json =
        new("--json") { Description = "Print one JSON object instead of tables." };

    private readonly Option<bool> _progress = new("--progress")
    {
        Description = "Report progress on the error stream also where that is not a terminal.",
    };

    private readonly Option<bool> _quiet = new("--quiet") { Description = "Print errors only (and --json)." };

    public void AddTo(Command command)
    {
        command.Options.Add(_json);
        command.Options.Add(_progress);
        command.Options.Add(_quiet);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_progress) && result.GetValue(_quiet))
                result.AddError("--progress and --quiet exclude each other");
        });
    }

    public OutputMode Read(ParseResult parse) =>
        new(parse.GetValue(_json), parse.GetValue(_progress), parse.GetValue(_quiet));
}
