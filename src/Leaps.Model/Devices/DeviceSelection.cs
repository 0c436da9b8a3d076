using System.Globalization;

namespace Leaps.Model.Devices;

/// <summary>
/// Which devices a run is to use: <c>cpu</c>, <c>cuda</c> (every GPU), <c>cuda:0,2</c> (those), or
/// <c>auto</c> (every GPU where there are any that can be used, else the CPU).
/// </summary>
/// <param name="Kind">what was asked for</param>
/// <param name="Ordinals">GPUs by number, in the order given; empty: every one</param>
public sealed record DeviceSelection(DeviceSelectionKind Kind, IReadOnlyList<int> Ordinals)
{
    private const string Numbered = "cuda:";
    private const string Allowed = "use cpu, cuda, cuda:0,1 (the numbers of nvidia-smi) or auto";

    public static DeviceSelection Cpu { get; } = new(DeviceSelectionKind.Cpu, []);
    public static DeviceSelection Auto { get; } = new(DeviceSelectionKind.Auto, []);

    /// <summary>The text is meant as one of these, well formed or not.</summary>
    public static bool IsWord(string text) => text is "cpu" or "auto" or "cuda"
        || text.StartsWith(Numbered, StringComparison.Ordinal);

    /// <exception cref="LeapsException">It is none of these.</exception>
    public static DeviceSelection Parse(string text)
    {
        switch (text)
        {
            case "cpu": return Cpu;
            case "auto": return Auto;
            case "cuda": return new DeviceSelection(DeviceSelectionKind.Cuda, []);
        }
        if (!text.StartsWith(Numbered, StringComparison.Ordinal))
            throw new LeapsException($"The device '{text}' is unknown: {Allowed}.");
        var ordinals = new List<int>();
        foreach (string part in text[Numbered.Length..].Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal))
                throw new LeapsException($"The device '{text}' has no GPU number in '{part}': {Allowed}.");
            if (ordinals.Contains(ordinal))
                throw new LeapsException($"The device '{text}' names GPU {ordinal} twice.");
            ordinals.Add(ordinal);
        }
        return new DeviceSelection(DeviceSelectionKind.Cuda, ordinals);
    }

    /// <summary>The GPUs meant, on a machine with as many.</summary>
    /// <exception cref="LeapsException">One of them is not there.</exception>
    public IReadOnlyList<int> OrdinalsAmong(int count)
    {
        foreach (int ordinal in Ordinals)
        {
            if (ordinal >= count)
                throw new LeapsException(count == 0
                    ? $"There is no GPU {ordinal}: this machine has none. Use --device cpu."
                    : $"There is no GPU {ordinal}: this machine has {count}, numbered from 0.");
        }
        return Ordinals.Count > 0 ? Ordinals : [.. Enumerable.Range(0, count)];
    }

    public bool Equals(DeviceSelection? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Kind switch
    {
        DeviceSelectionKind.Cpu => "cpu",
        DeviceSelectionKind.Auto => "auto",
        _ when Ordinals.Count == 0 => "cuda",
        _ => Numbered + string.Join(',', Ordinals),
    };
}

public enum DeviceSelectionKind
{
    Cpu,
    Cuda,

    /// <summary>GPUs where they can be used, else the CPU.</summary>
    Auto,
}
