using System.Text;
using Leaps.Model;

namespace Leaps.Host.Configuration.Cluster;

/// <summary>
/// Reads who we are at a server: the password comes from the environment, else from exactly one of
/// password-file, password-env and password. No message holds a password.
/// </summary>
internal static class PasswordReader
{
    private const int LongestPassword = 4096;
    private const string Plain = "password", InFile = "password-file", InVariable = "password-env";

    private const UnixFileMode OfOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private static readonly string[] WellKnown =
        ["guest", "leaps", "postgres", "rabbitmq", "password", "changeme"];

    /// <summary>The password.</summary>
    /// <param name="section">the server's</param>
    /// <param name="name">of the section</param>
    /// <param name="variable">of the environment; stands above the file</param>
    /// <param name="reading">how the file is read</param>
    /// <exception cref="LeapsException">None or several are given, or one that is not safe.</exception>
    public static Secret Read(Section section, string name, string variable, ClusterReading reading)
    {
        CheckForm(section, name);
        if (reading.Set(variable) is { } set)
            return new Secret(set);
        if (section[InFile] is { } file)
            return new Secret(ReadFile(file));
        if (section[InVariable] is { } named)
        {
            return new Secret(reading.Variable(named.Text()) ?? throw named.Origin.Error(
                $"'{named.Path}': the environment variable {named.Text()} is not set"));
        }
        return section[Plain] is { } plain ? new Secret(((ScalarNode)plain.Node).Text)
            : throw section.Origin.Error($"'{name}' has no password: give '{InFile}' or '{InVariable}', or "
                + $"set the environment variable {variable}");
    }

    /// <summary>What can be said of the password's keys without reading it.</summary>
    /// <exception cref="LeapsException">Several are given, or the file may be read by others.</exception>
    public static void CheckForm(Section section, string name)
    {
        ConfigValue[] given = [.. new[] { Plain, InFile, InVariable }
            .Where(key => section[key] is not null).Select(key => section[key]!.Value)];
        if (given.Length > 1)
        {
            var last = given.MaxBy(value => value.Origin.Line);
            throw last.Origin.Error($"'{name}' has {given.Length} passwords "
                + $"({string.Join(", ", given.Select(value => $"'{value.Path}'"))}): leave one of them");
        }
        if (section[Plain] is not { } plain)
            return;
        if (plain.Origin.Line == 0)
            throw new LeapsException($"--set {plain.Path}: a password on the command line is seen by "
                + $"everybody on this machine: use {name}.{InFile} or {name}.{InVariable}");
        if (plain.Node is not ScalarNode scalar || scalar.Text.Any(char.IsControl))
            throw plain.Origin.Error($"'{plain.Path}' must be a text of one line");
        if (scalar.Text.StartsWith("${", StringComparison.Ordinal) && scalar.Text.EndsWith('}'))
            throw plain.Origin.Error($"'{plain.Path}': variables are not expanded here; write "
                + $"{InVariable}: {scalar.Text[2..^1]}");
        CheckAccess(plain);
    }

    /// <summary>Refuses, off this machine, what anybody would try first.</summary>
    /// <exception cref="LeapsException">It is such a password.</exception>
    public static void CheckStrength(Section section, string name, string user, Secret password, string host)
    {
        if (password.Text.Length == 0)
            throw section.Origin.Error($"the password of '{name}' is empty, and {host} is another machine: "
                + $"give user '{user}' a password");
        if (WellKnown.Append(user).Contains(password.Text, StringComparer.OrdinalIgnoreCase))
            throw section.Origin.Error($"the password of user '{user}' in '{name}' is one that everybody "
                + $"tries, and {host} is another machine: set another");
    }

    private static void CheckAccess(ConfigValue plain)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(plain.Origin.Source))
            return;
        // By handle: of the file itself, not of a link to it.
        using var file = File.OpenHandle(plain.Origin.Source);
        if ((File.GetUnixFileMode(file) & OfOthers) != 0)
            throw plain.Origin.Error($"'{plain.Path}' is in a file that other users can read: "
                + $"chmod 600 {plain.Origin.Source}, or use '{InFile}' or '{InVariable}'");
    }

    private static string ReadFile(ConfigValue value)
    {
        string path = ClusterReading.ExistingFile(value);
        string text;
        try
        {
            if (new FileInfo(path).Length > LongestPassword)
                throw value.Origin.Error($"'{value.Path}': {path} is too long for a password");
            text = File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        }
        catch (Exception error) when (
            error is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new LeapsException(
                $"{value.Origin}: '{value.Path}': {path} can't be read: "
                    + $"{error.Message.ReplaceLineEndings(" ")}",
                error);
        }
        // An editor ends the line.
        string password = text.EndsWith('\n') ? text[..^1].TrimEnd('\r') : text;
        return password.Any(char.IsControl)
            ? throw value.Origin.Error($"'{value.Path}': {path} must hold the password alone, in one line")
            : password;
    }
}
