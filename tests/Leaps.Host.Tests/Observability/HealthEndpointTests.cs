using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Leaps.Actors;
using Leaps.Actors.Cluster;
using Leaps.Host.Observability;
using Leaps.Model;

namespace Leaps.Host.Tests.Observability;

/// <summary>The health page as a supervisor asks for it, over HTTP.</summary>
public sealed class HealthEndpointTests : IDisposable
{
    private readonly FixedClock _clock = new();
    private readonly HttpClient _client = new();
    private readonly HealthEndpoint _endpoint;
    private NodeStatus? _status;

    public HealthEndpointTests()
    {
        _endpoint = new HealthEndpoint(IPAddress.Loopback, 0,
            path => HealthPages.Answer(path, _status, _clock.GetUtcNow()), _clock);
        _client.BaseAddress = new Uri($"http://localhost:{_endpoint.Port}");
    }

    public void Dispose()
    {
        _client.Dispose();
        _endpoint.Dispose();
    }

    [Fact]
    public async Task A_node_whose_servers_answer_is_healthy()
    {
        _status = Healthy();
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/healthz"));
        Assert.Equal((HttpStatusCode.OK, "ok\n"), await Get("/readyz?verbose"));
    }

    [Fact]
    public async Task A_node_whose_servers_were_silent_for_a_lease_is_not_and_says_why()
    {
        _status = Healthy() with { Trouble = "no connection to the broker" };
        _clock.Now += TimeSpan.FromSeconds(9);
        Assert.Equal(HttpStatusCode.OK, (await Get("/healthz")).Code);
        _clock.Now += TimeSpan.FromSeconds(2);
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "no connection to the broker, for 12 s (lease: 10 s)\n"),
            await Get("/healthz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Get("/readyz")).Code);
    }

    [Fact]
    public async Task A_node_that_has_not_joined_or_has_failed_is_not_healthy()
    {
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the node has not joined its cluster yet\n"),
            await Get("/healthz"));
        _status = Healthy() with { Failure = "the broker refused the node's mailbox" };
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the broker refused the node's mailbox\n"),
            await Get("/healthz"));
    }

    [Fact]
    public async Task A_node_is_ready_while_it_follows_the_scheduler()
    {
        _status = Healthy() with { SchedulerEpoch = 0, Assignment = 0 };
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, "the scheduler has not told the node yet what to do\n"),
            await Get("/readyz"));
        Assert.Equal(HttpStatusCode.OK, (await Get("/healthz")).Code);
        _status = Healthy() with { IsLeaving = true };
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the node leaves the cluster\n"),
            await Get("/readyz"));
    }

    [Fact]
    public async Task The_status_says_what_the_node_is_and_hosts()
    {
        var run = Guid.NewGuid();
        _status = Healthy() with
        {
            Hosted = [ActorKey.HomeOf(run), .. Enumerable.Range(0, 1500).Select(
                group => new ActorKey(run, "sampling-1", ActorNames.Group(group)))],
        };
        var (code, body) = await Get("/status");
        Assert.Equal(HttpStatusCode.OK, code);
        var status = JsonDocument.Parse(body).RootElement;
        Assert.True(status.GetProperty("healthy").GetBoolean());
        Assert.Equal("n1", status.GetProperty("node").GetString());
        Assert.Equal("0123abcd", status.GetProperty("session").GetString());
        Assert.Equal(3, status.GetProperty("schedulerEpoch").GetInt64());
        Assert.Equal("2026-11-22T09:00:00.123Z", status.GetProperty("lastHeartbeat").GetString());
        Assert.Equal(1, status.GetProperty("actors").GetProperty("home").GetInt32());
        Assert.Equal(1500, status.GetProperty("actors").GetProperty("group").GetInt32());
        Assert.Equal(HealthPages.MostActors, status.GetProperty("hosted").GetArrayLength());
        Assert.Equal(run.ToString("N"), status.GetProperty("hosted")[0].GetProperty("run").GetString());
    }

    [Fact]
    public async Task Other_paths_are_not_found_and_other_methods_not_allowed()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await Get("/")).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await Get("/healthz/")).Code);
        using var content = new StringContent(new string('x', 20_000));
        using var posted = await _client.PostAsync("/healthz", content, Cancellation);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        Assert.Equal(["GET"], posted.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("hello\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /healthz HTTP/2.0\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 503 ")]
    public async Task What_is_no_request_is_refused(string request, string answer) =>
        Assert.StartsWith(answer, await Send(request), StringComparison.Ordinal);

    [Fact]
    public async Task A_request_without_end_is_refused() => Assert.StartsWith(
        "HTTP/1.1 431 ", await Send("GET /" + new string('x', 9000)), StringComparison.Ordinal);

    [Fact]
    public async Task Those_who_say_nothing_keep_nobody_else_waiting_for_good()
    {
        _status = Healthy();
        var silent = new List<TcpClient>();
        for (int n = 0; n < 20; n++)
        {
            silent.Add(new TcpClient());
            await silent[n].ConnectAsync(IPAddress.Loopback, _endpoint.Port, Cancellation);
        }
        Assert.Equal(HttpStatusCode.OK, (await Get("/healthz")).Code);
        silent.ForEach(client => client.Dispose());
    }

    [Fact]
    public void A_port_that_is_taken_is_named()
    {
        var error = Assert.Throws<LeapsException>(() => new HealthEndpoint(
            IPAddress.Loopback, _endpoint.Port, _ => HealthAnswer.Text(200, ""), _clock));
        Assert.StartsWith($"health page: can't listen on 127.0.0.1:{_endpoint.Port}: ", error.Message,
            StringComparison.Ordinal);
        Assert.EndsWith("choose another node.health-port, or 0 for none", error.Message,
            StringComparison.Ordinal);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private NodeStatus Healthy() => new()
    {
        Node = "n1",
        Session = "0123abcd",
        SchedulerEpoch = 3,
        Assignment = 7,
        LastHeartbeat = _clock.Now - TimeSpan.FromSeconds(1),
        LastHealthy = _clock.Now - TimeSpan.FromSeconds(1),
        Lease = TimeSpan.FromSeconds(10),
    };

    private async Task<(HttpStatusCode Code, string Body)> Get(string path)
    {
        using var answer = await _client.GetAsync(path, Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private async Task<string> Send(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _endpoint.Port, Cancellation);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(Cancellation);
    }
}
