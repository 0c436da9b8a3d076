using System.Collections;
using System.Reflection;
using System.Text;
using Google.Protobuf;
using Leaps.Actors;
using Leaps.Actors.Protocol;

namespace Leaps.Simulation.Tests;

/// <summary>A state for the reader of a violation: every property, hidden ones too, long ones cut.</summary>
internal static class StateText
{
    private const int Longest = 160;

    public static string Of(object state)
    {
        var text = new StringBuilder();
        foreach (var property in state.GetType().GetProperties(
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (property.Name is "EqualityContract" or "Windows" || property.GetIndexParameters().Length > 0)
                continue;
            text.Append("  ").Append(property.Name).Append(" = ").Append(Short(property.GetValue(state)));
        }
        return text.ToString();
    }

    private static string Short(object? value) => value switch
    {
        null => "none",
        string or ValueType => value.ToString()!,
        Snapshot snapshot => $"[window {snapshot.Window} resampling {snapshot.Resampling}]",
        SamplingTask task => $"[{task.Windows} windows, {task.Replicas} replicas, {task.Groups} groups]",
        IMessage message => Cut(message.ToString()!),
        IDictionary items => Cut("{" + string.Join(", ", items.Keys.Cast<object>()
            .Select(key => $"{key}: {Short(items[key])}")) + "}"),
        IEnumerable items => Cut("(" + string.Join(", ", items.Cast<object>().Select(Short)) + ")"),
        _ when value.GetType().Namespace!.StartsWith("Leaps", StringComparison.Ordinal) =>
            "(" + Of(value) + " )",
        _ => Cut(value.ToString()!),
    };

    private static string Cut(string text) => text.Length <= Longest ? text : text[..Longest] + "…";
}
