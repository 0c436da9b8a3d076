using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Leaps.Host.Configuration;
using Leaps.Model;
using Leaps.Model.Devices;

namespace Leaps.Host.Commands;

/// <summary>Options whose errors are sentences: "--windows must be a whole number, not 'many'".</summary>
internal static class OptionFactory
{
    private delegate bool Parser<T>(string text, out T value);

    public static Option<int?> Integer(string name, string help, string description) =>
        Create<int?>(name, help, description, "a whole number", (string text, out int? value) =>
        {
            bool good = int.TryParse(
                text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number);
            value = number;
            return good;
        });

    public static Option<ulong?> Seed() =>
        Create<ulong?>("--seed", "S", "Seed of all random numbers.", "a whole number, 0 or more",
            (string text, out ulong? value) =>
        {
            bool good =
                ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number);
            value = number;
            return good;
        });

    public static Option<Growth?> Growth(string name, string description) =>
        Create<Growth?>(name, "N|+N", description, "a whole number such as 12, or +4 for more",
            (string text, out Growth? value) =>
        {
            bool good = Commands.Growth.TryParse(text, out var growth);
            value = growth;
            return good;
        });

    public static Option<double?> Number(string name, string help, string description) =>
        Create<double?>(name, help, description, "a finite number", (string text, out double? value) =>
        {
            bool good =
                double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
            value = number;
            return good && double.IsFinite(number);
        });

    public static Option<T?> OneOf<T>(string name, string help, string description) where T : struct, Enum
    {
        string names = string.Join(", ", Choice.Names<T>());
        return Create<T?>(
            name, help, $"{description} One of: {names}.", $"one of {names}", (string text, out T? value) =>
        {
            bool good = Choice.TryParse(text, out T choice);
            value = choice;
            return good;
        });
    }

    public static Option<string?> Text(string name, string help, string description, bool required = false) =>
        new(name) { HelpName = help, Description = description, Required = required };

    public static Option<DeviceSelection?> Device(string description) =>
        new("--device")
        {
            HelpName = "cpu|cuda|cuda:0,1|auto",
            Description = description,
            CustomParser = result =>
            {
                try
                {
                    return DeviceSelection.Parse(result.Tokens[0].Value);
                }
                catch (LeapsException error)
                {
                    result.AddError($"--device: {error.Message}");
                    return null;
                }
            },
        };

    private static Option<T> Create<T>(
        string name, string help, string description, string expected, Parser<T> parser) =>
        new(name)
        {
            HelpName = help,
            Description = description,
            CustomParser = (ArgumentResult result) =>
            {
                string text = result.Tokens[0].Value;
                if (parser(text, out T value))
                    return value;
                result.AddError($"{name} must be {expected}, not '{text}'");
                return default!;
            },
        };
}
