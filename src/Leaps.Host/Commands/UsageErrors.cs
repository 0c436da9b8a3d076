using System.CommandLine;
using System.CommandLine.Parsing;
using Leaps.Host.Commands.Cluster;
using Leaps.Host.Configuration;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Commands;

/// <summary>
/// The first thing that is wrong with a command line, as one line with the nearest known name.
/// </summary>
internal static class UsageErrors
{
    private const string Set = "--set";

    /// <summary>Null where the command line is right.</summary>
    public static string? Find(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        string seeHelp = $" (see leaps {CommandPath(parse.CommandResult)}--help)";
        // An unknown option may have been taken for an argument; it is looked for before anything else.
        if (UnknownOption(parse) is { } option)
        {
            string hint = SetInstead(parse, option) ?? DidYouMean(option, OptionNames(parse.CommandResult));
            return $"unknown option '{option}'{hint}{seeHelp}";
        }
        if (parse.Errors.Count == 0)
            return null;
        if (parse.UnmatchedTokens.Count > 0)
        {
            string token = parse.UnmatchedTokens[0];
            string hint = DidYouMean(token, command.Subcommands.Select(sub => sub.Name));
            string kind = command.Subcommands.Count > 0 ? "unknown command" : "unexpected argument";
            return $"{kind} '{token}'{hint}{seeHelp}";
        }
        string message = parse.Errors[0].Message.TrimEnd('.');
        return char.ToLowerInvariant(message[0]) + message[1..] + seeHelp;
    }

    // "evaluate ", "ctl status "; nothing for the root.
    private static string CommandPath(CommandResult result) => result.Command is RootCommand ? ""
        : (result.Parent is CommandResult parent ? CommandPath(parent) : "") + result.Command.Name + " ";

    private static string? UnknownOption(ParseResult parse)
    {
        foreach (var token in parse.Tokens)
        {
            if (token.Type == TokenType.DoubleDash)
                return null;
            string name = token.Value.Split('=')[0];
            bool looksLikeOption =
                name.Length > 1 && name[0] == '-' && name.Any(char.IsLetter) && !double.TryParse(name, out _);
            if (token.Type == TokenType.Argument && looksLikeOption)
                return name;
            // After an unknown command nothing can be said of its options.
            if (token.Type == TokenType.Argument && parse.CommandResult.Command.Subcommands.Count > 0)
                return null;
        }
        return null;
    }

    // A key of the configuration is no option, but --set takes it. Null where the command or the key doesn't.
    private static string? SetInstead(ParseResult parse, string option)
    {
        var paths = ConfigurationKeys.PathsTo(option.TrimStart('-'),
            parse.CommandResult.Command.Name == NodeCommand.Name ? ClusterKeys.Under : null);
        if (paths.Count == 0 || !OptionNames(parse.CommandResult).Contains(Set))
            return null;
        string[] tokens = [.. parse.Tokens.Select(token => token.Value)];
        int at = Array.FindIndex(tokens, token => token.Split('=')[0] == option);
        string value = tokens[at].Length > option.Length ? tokens[at][(option.Length + 1)..]
            : at + 1 < tokens.Length ? tokens[at + 1] : "";
        if (value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal)
            || !value.All(c => char.IsAsciiLetterOrDigit(c) || "-.,[]".Contains(c)))
            value = "VALUE";
        return "; write " + string.Join(" or ", paths.Select(path => $"{Set} {path}={value}"));
    }

    private static IEnumerable<string> OptionNames(CommandResult result)
    {
        for (SymbolResult? level = result; level is not null; level = level.Parent)
        {
            if (level is not CommandResult { Command: var command })
                continue;
            foreach (var option in command.Options.Where(option => level == result || option.Recursive))
                yield return option.Name;
        }
    }

    private static string DidYouMean(string given, IEnumerable<string> known) =>
        NearestName.Find(given, known) is { } nearest ? $"; did you mean '{nearest}'?" : "";
}
