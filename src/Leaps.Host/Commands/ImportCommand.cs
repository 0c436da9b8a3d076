using System.CommandLine;
using Leaps.Host.Configuration;

namespace Leaps.Host.Commands;

/// <param name="Checkpoint">path of the reference's checkpoint (.ckpt)</param>
/// <param name="Reference">the reference's configuration, key → text or list of texts; null: not
/// given</param>
/// <param name="Output">path of the model file to write (.safetensors)</param>
public sealed record ImportRequest(
    string Checkpoint, IReadOnlyDictionary<string, object>? Reference, string Output);

/// <summary>leaps import: a checkpoint of the published PyTorch reference becomes a model file.</summary>
internal static class ImportCommand
{
    public static Command Create(CommandShell shell, Job<ImportRequest> job)
    {
        var command = new Command("import", "Turn a checkpoint of the PyTorch reference into a model file.");
        var checkpoint =
            new Argument<string>("CHECKPOINT") { Description = "The reference's checkpoint (.ckpt)." };
        var config = OptionFactory.Text("--config", "FILE", "The reference's configuration (.yml).");
        var output =
            OptionFactory.Text("--out", "FILE", "The model file to write (.safetensors).", required: true);
        command.Arguments.Add(checkpoint);
        command.Options.Add(config);
        command.Options.Add(output);
        return shell.Complete(command, parse => new ImportRequest(
            ExistingFile.Check(parse.GetRequiredValue(checkpoint)),
            parse.GetValue(config) is { } file ? ReferenceYaml.Parse(file) : null,
            parse.GetRequiredValue(output)!), job);
    }
}
