using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Leaps.Actors.Journal;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Model;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Journal.PostgreSql;

/// <summary>Opening a database: its tables, and every reason not to come in, each in one line.</summary>
[Collection(SharedPostgreSqlTests.Name)]
public sealed class PostgreSqlDatabaseTests(SharedPostgreSql shared)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static PostgreSqlDatabase Open(PostgreSqlOptions options) =>
        PostgreSqlDatabase.Open(options, "cluster", wait: false, cancellation: Cancellation);

    private static void AssertRefusal(PostgreSqlOptions options, string reason)
    {
        var refusal = Assert.Throws<LeapsException>(() => Open(options).Dispose());
        Assert.StartsWith(
            $"PostgreSQL {options.Host}:{options.Port}/", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    /// <summary>A database of its own on the shared server.</summary>
    private PostgreSqlOptions Empty(string owner = PostgreSqlServer.User)
    {
        string name = $"empty_{Guid.NewGuid():N}";
        shared.Server.Execute($"CREATE DATABASE {name} OWNER {owner}", "postgres");
        return SharedPostgreSql.Options(shared.Server) with { Database = name };
    }

    [Fact]
    public void Many_nodes_that_start_at_once_on_an_empty_database_agree_on_the_cluster()
    {
        var options = Empty();
        var clusters = new ConcurrentBag<Guid>();
        Thread[] nodes = [.. Enumerable.Range(0, 6).Select(n => new Thread(() =>
        {
            using var database = Open(options);
            using var journal = database.Journal(Guid.Empty, "run", cancellation: Cancellation);
            journal.Append($"node-{n}", 0, [new byte[1]]);
            clusters.Add(database.Cluster);
        }))];
        Array.ForEach(nodes, node => node.Start());
        Array.ForEach(nodes, node => node.Join());
        Assert.Equal(6, clusters.Count);
        Assert.Single(clusters.Distinct());
        using var later = Open(options);
        Assert.Equal(clusters.First(), later.Cluster);
        Assert.Equal("1", shared.Server.Execute("SELECT version FROM leaps_schema", options.Database));
        using var all = later.Journal(Guid.Empty, "run", cancellation: Cancellation);
        Assert.Equal(6, all.Actors().Count);
    }

    [Fact]
    public void Tables_of_a_newer_version_are_refused()
    {
        var options = Empty();
        Open(options).Dispose();
        shared.Server.Execute("UPDATE leaps_schema SET version = 7", options.Database);
        AssertRefusal(options, "tables of version 7, and this Leaps knows versions up to 1: update Leaps");
    }

    [Fact]
    public void A_user_that_may_not_make_tables_is_told_so()
    {
        var options = Empty(owner: "postgres");
        AssertRefusal(options, "grant it, for example by GRANT CREATE, USAGE ON SCHEMA public TO \"leaps\"");
        shared.Server.Execute("GRANT CREATE, USAGE ON SCHEMA public TO \"leaps\"", options.Database);
        Open(options).Dispose();
    }

    [Fact]
    public void A_wrong_password_user_or_database_is_told_apart()
    {
        var options = SharedPostgreSql.Options(shared.Server);
        AssertRefusal(options with { Password = "something else" }, "wrong password for user 'leaps'");
        AssertRefusal(options with { User = "nobody" }, "user 'nobody', or there is no such user");
        AssertRefusal(options with { Database = "nowhere" }, "there is no database 'nowhere': create it");
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_refused_or_waited_for_with_one_line()
    {
        using var server = SharedPostgreSql.Own();
        var options = SharedPostgreSql.Options(server);
        server.Stop();
        AssertRefusal(options, "it can't be reached. Check host and port, and that the server runs.");
        AssertRefusal(options with { Host = "localhost" }, "it can't be reached");
        var notices = new ConcurrentQueue<string>();
        var waiting = Task.Run(() => PostgreSqlDatabase.Open(
            options, "cluster", notices.Enqueue, cancellation: Cancellation), Cancellation);
        using var cancelled = new CancellationTokenSource();
        var givenUp = Task.Run(() => PostgreSqlDatabase.Open(
            options, "cluster", cancellation: cancelled.Token), Cancellation);
        await Until(() => notices.Count == 1);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => givenUp.WaitAsync(Patience, Cancellation));
        Assert.False(waiting.IsCompleted);
        server.Start();
        using var database = await waiting.WaitAsync(Patience, Cancellation);
        await Until(() => notices.Any(line => line.EndsWith("it answers again.", StringComparison.Ordinal)));
        Assert.Single(notices, line => line.EndsWith("Waiting for it.", StringComparison.Ordinal));
        Assert.Single(notices, line => line.Contains("fsync is off", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_a_trusted_certificate_with_the_host_s_name_is_let_through()
    {
        using var folder = new TemporaryFolder();
        using var authority = Authority("CN=Leaps test authority");
        using var stranger = Authority("CN=Stranger");
        string caFile = Written(folder, "ca.pem", authority);
        var (certificate, key) = Issue(authority, "localhost");
        using var server = SharedPostgreSql.Own(certificate: certificate, key: key);
        var options = SharedPostgreSql.Options(server) with
        {
            Host = "localhost",
            Tls = PostgreSqlTls.Require,
            CaFile = caFile,
        };
        using (var database = Open(options))
        {
            Assert.Equal("t", server.Execute("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity "
                + "USING (pid) WHERE usename = 'leaps'"));
        }
        AssertRefusal(options with { Host = "127.0.0.1" }, "is not for the name '127.0.0.1'");
        AssertRefusal(options with { CaFile = Written(folder, "other.pem", stranger) },
            "is not from an authority of " + folder.File("other.pem"));
        AssertRefusal(options with { CaFile = null }, "is not from an authority of this system");
        AssertRefusal(options with { CaFile = folder.File("none.pem") }, "none.pem does not exist");
    }

    [Fact]
    public void A_server_without_tls_is_refused_when_tls_is_demanded() => AssertRefusal(
        SharedPostgreSql.Options(shared.Server) with { Tls = PostgreSqlTls.Require },
        "the server speaks no TLS: give it a certificate");

    [Theory]
    [InlineData("db.example.org")]
    [InlineData("192.0.2.1")]
    [InlineData("localhost.example.org")]
    [InlineData("127.0.0.1,192.0.2.1")]
    [InlineData("0.0.0.0")]
    public void Without_tls_only_loopback_is_let_through(string host) => AssertRefusal(
        new PostgreSqlOptions
        {
            Host = host,
            Database = "leaps",
            User = "leaps",
            Password = "a good one",
            Tls = PostgreSqlTls.Off,
        },
        "TLS is off, and only for loopback that is allowed: set tls");

    [Theory]
    [InlineData("")]
    [InlineData("postgres")]
    [InlineData("Leaps")]
    [InlineData("guest")]
    public void A_password_that_everybody_tries_is_refused_off_loopback(string password) => AssertRefusal(
        new PostgreSqlOptions { Host = "192.0.2.1", Database = "l", User = "u", Password = password },
        "the password of user 'u' is empty or one that everybody tries");

    [Fact]
    public void Options_never_show_the_password() => Assert.DoesNotContain(
        shared.Server.Password, SharedPostgreSql.Options(shared.Server).ToString(), StringComparison.Ordinal);

    [Fact]
    public void Every_session_waits_for_the_disk_and_a_process_needs_few_of_them()
    {
        var options = Empty();
        shared.Server.Execute($"ALTER DATABASE {options.Database} SET synchronous_commit = off", "postgres");
        using var database = Open(options);
        Assert.Equal("on", database.Run(
            connection => connection.Scalar("SELECT current_setting('synchronous_commit')"), Cancellation));
        using var journal = database.Journal(Guid.NewGuid(), "run", cancellation: Cancellation);
        Thread[] threads = [.. Enumerable.Range(0, 24).Select(n => new Thread(() =>
        {
            journal.Append($"actor-{n}", 0, [new byte[1]]);
            for (int i = 0; i < 10; i++)
                journal.Read($"actor-{n}", 1);
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(24, journal.Actors().Count);
        Assert.InRange(int.Parse(shared.Server.Execute($"SELECT count(*) FROM pg_stat_activity WHERE "
            + $"datname = '{options.Database}' AND application_name = 'leaps'"), null), 1, 8);
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static (string Certificate, string Key) Issue(X509Certificate2 authority, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(
            authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static string Written(TemporaryFolder folder, string name, X509Certificate2 certificate)
    {
        File.WriteAllText(folder.File(name), certificate.ExportCertificatePem());
        return folder.File(name);
    }

    private static async Task Until(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!holds())
            await Task.Delay(5, limit.Token);
    }
}
