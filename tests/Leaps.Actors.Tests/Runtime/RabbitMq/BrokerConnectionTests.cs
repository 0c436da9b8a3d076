using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Actors.Tests.Cluster;
using Leaps.Model;
using Leaps.Servers;
using RabbitMQ.Client.Exceptions;

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>The first connect: what can't work is said in one line, and at once.</summary>
public sealed class BrokerConnectionTests(SharedBroker broker)
{
    [Theory]
    [InlineData("broker.example:5672", false, "guest", "TLS is off")]
    [InlineData("192.0.2.1:5672", true, "guest", "user guest with password guest")]
    public async Task What_is_for_this_machine_only_is_refused_for_others(
        string host, bool tls, string user, string expected)
    {
        var options = new BrokerOptions
        {
            Hosts = [BrokerHost.Parse(host)],
            Tls = tls ? new BrokerTls() : null,
            User = user,
        };
        Assert.Contains(expected, await Refusal(options));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("localhost:0")]
    [InlineData("localhost:70000")]
    [InlineData(":5672")]
    public void A_host_without_a_port_is_refused(string text) =>
        Assert.Contains("host:port", Assert.Throws<LeapsException>(() => BrokerHost.Parse(text)).Message);

    [Fact]
    public void The_password_is_in_no_text_of_the_options() => Assert.DoesNotContain("secret",
        new BrokerOptions { Hosts = [new("localhost", 1)], Password = "secret" }.ToString());

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        var options = SharedBroker.Options(await broker.Server) with { Password = "wrong" };
        Assert.Contains("user guest was refused: check user and password", await Refusal(options));
    }

    [Theory]
    [InlineData(SharedBroker.ForbiddenHost)]
    [InlineData("nowhere")]
    public async Task A_virtual_host_that_the_user_may_not_use_is_refused(string virtualHost)
    {
        var options = SharedBroker.Options(await broker.Server) with { VirtualHost = virtualHost };
        Assert.Contains($"user guest may not use virtual host {virtualHost}", await Refusal(options));
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_refused_or_waited_for()
    {
        var options = new BrokerOptions { Hosts = [new("127.0.0.1", FreePort.Next())] };
        Assert.Contains("can't be reached", await Refusal(options, wait: false));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken);
        string? line = null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BrokerConnection.Connect(options,
            "test",
            notice =>
            {
                Assert.Null(line);
                line = notice;
                end.CancelAfter(TimeSpan.FromMilliseconds(300));
            }, cancellation: end.Token));
        Assert.Contains("waiting for it", line);
    }

    [Fact]
    public async Task A_user_without_permission_for_the_prefix_is_told_what_is_missing()
    {
        await using var server = await SharedBroker.OrSkip(() => RabbitMqServer.Start(
            new RabbitMqOptions { Users = [new("lab", "word", ["/"], "^leaps[.]lab[.].*")] },
            TestContext.Current.CancellationToken));
        await using var connection = await BrokerConnection.Connect(
            SharedBroker.Options(server) with { User = "lab", Password = "word" }, "test", _ => { },
            cancellation: TestContext.Current.CancellationToken);
        var inbox = new Inbox();
        connection.Mailboxes("leaps.lab.1", Guid.NewGuid(), _ => { }).Open("good", 1, inbox.Receive,
            inbox.Failed)
            .Tell("good", Inbox.Number(1));
        Assert.Equal([1], await inbox.Take(1));
        var other = new Inbox();
        connection.Mailboxes("leaps.other.1", Guid.NewGuid(), _ => { }).Open("bad", 1, other.Receive,
            other.Failed);
        string line = (await other.Failure).Message;
        Assert.Contains("user lab is missing a permission on virtual host /", line);
        Assert.Contains("needed for ^leaps.other.1", line);
    }

    [Fact]
    public async Task With_TLS_the_right_broker_is_taken_and_others_are_refused()
    {
        string folder = Directory.CreateTempSubdirectory("leaps-tls-").FullName;
        try
        {
            var right = MakeCertificates(folder, "right");
            var wrong = MakeCertificates(folder, "wrong");
            await using var server = await SharedBroker.OrSkip(() => RabbitMqServer.Start(
                new RabbitMqOptions { Tls = right }, TestContext.Current.CancellationToken));
            var options = SharedBroker.Options(server) with { Tls = new BrokerTls(right.Authority) };
            await using (await BrokerConnection.Connect(options, "test", _ => { },
                cancellation: TestContext.Current.CancellationToken))
            {
            }
            Assert.Contains("its certificate is not for 'other.example' but for 'localhost'",
                await Refusal(options with { Tls = options.Tls with { ServerName = "other.example" } }));
            Assert.Contains($"its certificate is not signed by the CA in {wrong.Authority}",
                await Refusal(options with { Tls = new BrokerTls(wrong.Authority) }));
            Assert.Contains("its certificate is not trusted by this machine",
                await Refusal(options with { Tls = new BrokerTls() }));
            Assert.Contains("no PEM certificate",
                await Refusal(options with { Tls = new BrokerTls(Path.Combine(folder, "missing.pem")) }));
            Assert.Contains("can't be reached", await Refusal(options with { Tls = null }, wait: false));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        var plain = SharedBroker.Options(await broker.Server) with { Tls = new BrokerTls() };
        Assert.Contains("TLS failed", await Refusal(plain));
    }

    [Fact]
    public async Task Certificates_that_are_being_replaced_are_waited_for()
    {
        string folder = Directory.CreateTempSubdirectory("leaps-tls-").FullName;
        try
        {
            var files = MakeCertificates(folder, "right");
            await using var server = await SharedBroker.OrSkip(() => RabbitMqServer.Start(
                new RabbitMqOptions { Tls = files }, TestContext.Current.CancellationToken));
            string authority = Path.Combine(folder, "authority.pem");
            File.Copy(files.Authority, authority);
            await using var run = new BrokerRun(SharedBroker.Options(server) with
            {
                Tls = new BrokerTls(authority),
                LongestPause = TimeSpan.FromMilliseconds(100),
            });
            var connection = await run.Connect();
            await File.WriteAllTextAsync(authority, "", TestContext.Current.CancellationToken);
            await BrokerRun.Cut(connection);
            await BrokerRun.Until(() => Task.FromResult(run.Notices.Any(line =>
                line.StartsWith($"{authority}: no PEM certificate", StringComparison.Ordinal))),
                "it is said");
            File.Copy(files.Authority, authority, overwrite: true);
            await connection.Session(TestContext.Current.CancellationToken).WaitAsync(Inbox.Limit,
                TestContext.Current.CancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_connection_that_has_no_channel_left_is_made_anew()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var run = new BrokerRun(SharedBroker.Options(await broker.Server));
        var connection = await run.Connect();
        var session = connection.SessionOrNull!;
        var last = await Record.ExceptionAsync(async () =>
        {
            while (true)
                await session.Outgoing.CreateChannelAsync(null, cancellation);
        });
        Assert.IsType<ChannelAllocationException>(last);
        await Assert.ThrowsAsync<ChannelAllocationException>(() => session.OpenOutgoing(null, cancellation));
        Assert.NotSame(session, await connection.Session(cancellation).WaitAsync(Inbox.Limit, cancellation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_on_which_nothing_comes_is_lost_after_two_heartbeats(bool tls)
    {
        var cancellation = TestContext.Current.CancellationToken;
        string folder = Directory.CreateTempSubdirectory("leaps-tls-").FullName;
        try
        {
            var files = tls ? MakeCertificates(folder, "right") : null;
            await using var server = await SharedBroker.OrSkip(() => RabbitMqServer.Start(
                new RabbitMqOptions { Tls = files }, cancellation));
            using var proxy = new SwitchedProxy(server.Port);
            await using var run = new BrokerRun(new BrokerOptions
            {
                Hosts = [new BrokerHost("localhost", proxy.Port)],
                Tls = files is null ? null : new BrokerTls(files.Authority),
                Heartbeat = TimeSpan.FromSeconds(2),
            });
            var connection = await run.Connect();
            var session = connection.SessionOrNull!;
            // What comes in time is no silence.
            await Task.Delay(TimeSpan.FromSeconds(5), cancellation);
            Assert.False(session.IsOver);
            proxy.Close(silently: true);
            Assert.Equal("nothing came from it for 4 s",
                await session.Over.WaitAsync(Inbox.Limit, cancellation));
            proxy.Open();
            Assert.NotSame(session,
                await connection.Session(cancellation).WaitAsync(Inbox.Limit, cancellation));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> Refusal(BrokerOptions options, bool wait = true)
    {
        var refusal = await Assert.ThrowsAsync<LeapsException>(() => BrokerConnection.Connect(
            options, "test", _ => { }, wait, cancellation: TestContext.Current.CancellationToken)
            .WaitAsync(Inbox.Limit));
        Assert.DoesNotContain('\n', refusal.Message);
        return refusal.Message;
    }

    /// <summary>A CA and a certificate of localhost that it signed.</summary>
    private static RabbitMqTls MakeCertificates(string folder, string name)
    {
        var from = DateTimeOffset.UnixEpoch.AddYears(50);
        var until = from.AddYears(50);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request =
            new CertificateRequest($"CN=Leaps test CA {name}", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(from, until);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        own.CertificateExtensions.Add(names.Build());
        using var certificate = own.Create(authority, from, until, [1, 2, 3]);
        var files = new RabbitMqTls(Path.Combine(folder, $"{name}-ca.pem"),
            Path.Combine(folder, $"{name}.pem"),
            Path.Combine(folder, $"{name}-key.pem"));
        File.WriteAllText(files.Authority, authority.ExportCertificatePem());
        File.WriteAllText(files.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(files.Key, key.ExportPkcs8PrivateKeyPem());
        return files;
    }
}
