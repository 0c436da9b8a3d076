using System.Globalization;
using System.Text;
using System.Text.Json;
using Leaps.Actors.Cluster;
using Leaps.Actors.Telemetry;

namespace Leaps.Host.Observability;

/// <summary>An answer of the health page.</summary>
/// <param name="Code">of HTTP</param>
/// <param name="ContentType">of the body</param>
/// <param name="Body">UTF-8</param>
internal sealed record HealthAnswer(int Code, string ContentType, byte[] Body)
{
    public static HealthAnswer Text(int code, string line) =>
        new(code, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(line + "\n"));
}

/// <summary>
/// What the health page says. /healthz: broker and database answered within the last lease, else a supervisor
/// may look after the node. /readyz: the node follows the scheduler. /status: the node, in JSON.
/// </summary>
internal static class HealthPages
{
    /// <summary>Of the actors that /status names; it counts them all.</summary>
    public const int MostActors = 1000;

    /// <param name="path">of the request</param>
    /// <param name="status">null: the node has not joined its cluster yet</param>
    /// <param name="now">in UTC</param>
    public static HealthAnswer Answer(string path, NodeStatus? status, DateTimeOffset now) => path switch
    {
        "/healthz" => Verdict(Illness(status, now)),
        "/readyz" => Verdict(Illness(status, now) ?? Unready(status!)),
        "/status" => Status(status, now),
        _ => HealthAnswer.Text(404, "there are /healthz, /readyz and /status"),
    };

    private static HealthAnswer Verdict(string? trouble) =>
        trouble is null ? HealthAnswer.Text(200, "ok") : HealthAnswer.Text(503, trouble);

    private static string? Illness(NodeStatus? status, DateTimeOffset now)
    {
        if (status is null)
            return "the node has not joined its cluster yet";
        if (status.Failure is { } failure)
            return failure;
        if (status.LastHealthy is { } last && now - last <= status.Lease)
            return null;
        string trouble = status.Trouble ?? "broker and database are not asked";
        return status.LastHealthy is not { } healthy ? trouble : string.Create(CultureInfo.InvariantCulture,
            $"{trouble}, for {(now - healthy).TotalSeconds:F0} s "
            + $"(lease: {status.Lease.TotalSeconds:0.###} s)");
    }

    private static string? Unready(NodeStatus status) =>
        status.IsLeaving ? "the node leaves the cluster"
        : status.SchedulerEpoch == 0 ? "the scheduler has not told the node yet what to do" : null;

    private static HealthAnswer Status(NodeStatus? status, DateTimeOffset now)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            string? illness = Illness(status, now);
            json.WriteBoolean("healthy", illness is null);
            WriteOptional(json, "reason", illness);
            if (status is not null)
                Write(json, status);
            json.WriteEndObject();
        }
        return new HealthAnswer(200, "application/json", bytes.ToArray());
    }

    private static void Write(Utf8JsonWriter json, NodeStatus status)
    {
        json.WriteString("node", status.Node);
        json.WriteString("session", status.Session);
        json.WriteNumber("schedulerEpoch", status.SchedulerEpoch);
        json.WriteNumber("assignment", status.Assignment);
        json.WriteBoolean("leaving", status.IsLeaving);
        json.WriteNumber("leaseSeconds", status.Lease.TotalSeconds);
        WriteOptional(json, "lastHeartbeat", Format(status.LastHeartbeat));
        WriteOptional(json, "lastHealthy", Format(status.LastHealthy));
        json.WriteStartObject("actors");
        foreach (string kind in (string[])[ActorKinds.Home, ActorKinds.Group, ActorKinds.Rollouts])
            json.WriteNumber(kind, status.Hosted.Count(actor => ActorKinds.Of(actor) == kind));
        json.WriteEndObject();
        json.WriteStartArray("hosted");
        foreach (var actor in status.Hosted.Take(MostActors))
        {
            json.WriteStartObject();
            json.WriteString("run", actor.Run.ToString("N"));
            json.WriteString("part", actor.Part);
            json.WriteString("actor", actor.Actor);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static string? Format(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
            json.WriteNull(name);
        else
            json.WriteString(name, value);
    }
}
