using System.Text;

namespace Leaps.Host.Configuration;

/// <summary>
/// The names that the values of an enumeration have in files, options and output: kebab-case.
/// </summary>
public static class Choice
{
    public static string NameOf<T>(T value) where T : struct, Enum => Kebab(value.ToString());

    public static IEnumerable<string> Names<T>() where T : struct, Enum => Enum.GetValues<T>().Select(NameOf);

    public static bool TryParse<T>(string name, out T value) where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (NameOf(candidate) == name)
            {
                value = candidate;
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>"MetropolisSweep" → "metropolis-sweep"; "Exp2" → "exp_2", the reference's name.</summary>
    public static string Kebab(string name)
    {
        var kebab = new StringBuilder();
        foreach (char c in name)
        {
            if (char.IsUpper(c) && kebab.Length > 0)
                kebab.Append('-');
            else if (char.IsDigit(c))
                kebab.Append('_');
            kebab.Append(char.ToLowerInvariant(c));
        }
        return kebab.ToString();
    }
}
