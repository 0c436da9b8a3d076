using System.Text.Json;
using Leaps.Host.Configuration.Cluster;
using Leaps.Host.Observability;

namespace Leaps.Host.Tests.Observability;

public sealed class NodeLogTests : IDisposable
{
    private static readonly Guid Run = new("6f1cd0de-0000-4000-8000-000000000001");

    private readonly StringWriter _written = new() { NewLine = "\n" };

    public void Dispose() => _written.Dispose();

    [Fact]
    public void A_line_of_text_has_time_level_node_event_message_and_fields()
    {
        var log = Log(LogFormat.Text, LogLevel.Debug);
        log.Write(LogLevel.Info, "joined", "cluster lab", fields: [new("threads", "8")]);
        log.Write(LogLevel.Warning, "actor", "group-2 ended here", Run);
        Assert.Equal(
            "2026-11-22T09:00:01.123Z info  node n1 joined: cluster lab threads=8\n"
            + "2026-11-22T09:00:01.123Z warn  node n1 actor: group-2 ended here "
            + "run=6f1cd0de000040008000000000000001\n", _written.ToString());
    }

    [Fact]
    public void A_line_of_json_is_one_object()
    {
        var log = Log(LogFormat.Json, LogLevel.Debug);
        log.Write(LogLevel.Error, "actor", "it's \"broken\"\nat β = 0.44", Run,
            new KeyValuePair<string, string>("window", "3"));
        Assert.Equal(
            "{\"time\":\"2026-11-22T09:00:01.123Z\",\"level\":\"error\",\"node\":\"n1\",\"event\":\"actor\","
            + "\"message\":\"it's \\\"broken\\\"\\nat β = 0.44\","
            + "\"run\":\"6f1cd0de000040008000000000000001\",\"window\":\"3\"}\n", _written.ToString());
        Assert.Equal("it's \"broken\"\nat β = 0.44",
            JsonDocument.Parse(_written.ToString()).RootElement.GetProperty("message").GetString());
    }

    [Fact]
    public void Lines_below_the_level_are_not_written()
    {
        var log = Log(LogFormat.Text, LogLevel.Warning);
        log.Notices(LogLevel.Info, "notice")("nothing much");
        log.Notices(LogLevel.Warning, "notice")("something");
        Assert.Equal("2026-11-22T09:00:01.123Z warn  node n1 notice: something\n", _written.ToString());
    }

    [Fact]
    public void Text_from_elsewhere_stays_in_its_line()
    {
        Log(LogFormat.Text, LogLevel.Info).Write(LogLevel.Info, "notice", "one\r\ntwo\u001b[2J\u2028three");
        Assert.Equal(
            "2026-11-22T09:00:01.123Z info  node n1 notice: one  two [2J three\n", _written.ToString());
    }

    [Fact]
    public void Lines_of_many_threads_are_whole()
    {
        var log = Log(LogFormat.Text, LogLevel.Info);
        Parallel.For(0, 400, n => log.Write(LogLevel.Info, "notice", new string((char)('a' + n % 26), 50)));
        string[] lines = _written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(400, lines.Length);
        Assert.All(lines, line => Assert.Matches(
            "^2026-11-22T09:00:01.123Z info  node n1 notice: (.)\\1{49}$", line));
    }

    private NodeLog Log(LogFormat format, LogLevel level) => new(
        _written, new LogConfiguration { Format = format, Level = level }, "n1", new FixedClock());
}
