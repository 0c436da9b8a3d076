using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Leaps.Host.Configuration.Cluster;

namespace Leaps.Host.Observability;

/// <summary>
/// What a node writes while it works: one line, or one JSON object, for each thing that happened. From any
/// thread; a line is written whole. Whatever a text holds, it stays in its line.
/// </summary>
/// <param name="writer">where to; stays its owner's</param>
/// <param name="configuration">format, and the least level</param>
/// <param name="node">the node's name</param>
/// <param name="clock">gives the time of a line, in UTC</param>
public sealed class NodeLog(TextWriter writer, LogConfiguration configuration, string node, TimeProvider clock)
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    // For files and terminals, not for web pages.
    private static readonly JsonWriterOptions Json =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _gate = new();

    /// <param name="level">how important it is</param>
    /// <param name="name">what happened, a word or two: always the same for the same kind of thing</param>
    /// <param name="message">for people, one line</param>
    /// <param name="run">the run that it is about; null: none</param>
    /// <param name="fields">more, by names that the line does not have yet</param>
    public void Write(LogLevel level, string name, string message, Guid? run = null,
        params IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        if (level < configuration.Level)
            return;
        var all = run is { } id ? [new("run", id.ToString("N")), .. fields] : fields;
        string time = clock.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        string line = configuration.Format == LogFormat.Json
            ? ToJson(time, level, name, message, all) : ToText(time, level, name, message, all);
        lock (_gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    /// <summary>Takes lines that all are of one level and one kind.</summary>
    public Action<string> Notices(LogLevel level, string name) => line => Write(level, name, line);

    // 2026-11-22T09:00:01.123Z info  node n1 joined: cluster lab threads=8
    private string ToText(string time, LogLevel level, string name, string message,
        IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        var line = new StringBuilder(160);
        line.Append(CultureInfo.InvariantCulture, $"{time} {NameOf(level),-5} node {node} {name}: ");
        AppendClean(line, message);
        foreach (var (field, value) in fields)
        {
            line.Append(' ').Append(field).Append('=');
            AppendClean(line, value);
        }
        return line.ToString();
    }

    private string ToJson(string time, LogLevel level, string name, string message,
        IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Json))
        {
            json.WriteStartObject();
            json.WriteString("time", time);
            json.WriteString("level", NameOf(level));
            json.WriteString("node", node);
            json.WriteString("event", name);
            json.WriteString("message", message);
            foreach (var (field, value) in fields)
                json.WriteString(field, value);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    // A text from elsewhere must not look like a line of its own, nor command a terminal.
    private static void AppendClean(StringBuilder line, string text)
    {
        foreach (char c in text)
            line.Append(char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c);
    }
}
