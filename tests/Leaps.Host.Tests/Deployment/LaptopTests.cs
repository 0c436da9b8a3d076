using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Leaps.Actors;
using Leaps.Actors.Cluster;
using Leaps.Actors.Journal.PostgreSql;
using Leaps.Actors.Protocol;
using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Host.Configuration.Cluster;
using Leaps.Host.Execution;
using Leaps.Host.Execution.Cluster;
using Leaps.Model;
using Leaps.Servers;
using Command = Leaps.Actors.Protocol.ClusterRequest.Types.Command;

namespace Leaps.Host.Tests.Deployment;

/// <summary>
/// The laptop's servers, which have the users of broker/users and the role of database/leaps.sql: with these
/// rights a node works, and a submitter can do what is a submitter's and nothing else.
/// </summary>
public sealed class LaptopTests : IDisposable
{
    private const string Password = "correct-horse-battery";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<string> _notices = new();
    // The broker takes the two below its own for Erlang.
    private readonly int _brokerPort = FreePort.Next(-1000, -2000), _databasePort = FreePort.Next();
    private Script? _laptop;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _laptop?.Dispose();
        // The data of a server that root starts lies apart.
        string apart = _folder.PathOf("database.path");
        if (File.Exists(apart))
            Directory.Delete(File.ReadAllText(apart).Trim(), recursive: true);
        _folder.Dispose();
    }

    [Fact]
    public async Task A_node_and_a_submitter_have_the_rights_that_they_need_and_no_more()
    {
        await StartServers();
        var cluster = ClusterConfigurationReader.ReadFile(
            _folder.PathOf("cluster.yaml"), new ClusterReading(true, _ => null));
        await using var nodes = await Connect(cluster.Broker.User, cluster.Broker.Password.Text);
        using var database = PostgreSqlDatabase.Open(new PostgreSqlOptions
        {
            Host = cluster.Database!.Host,
            Port = cluster.Database.Port,
            Database = cluster.Database.Name,
            User = cluster.Database.User,
            Password = cluster.Database.Password.Text,
            Tls = PostgreSqlTls.Off,
        }, cluster.Name, _notices.Enqueue, cancellation: Cancellation);
        await using var node = await ClusterNode.Join(cluster.Name, nodes, database,
            new ClusterRunWork(_folder.Path, RunDevices.Cpu, TimeProvider.System), new NodeOptions
            {
                Name = "one",
                Device = RunDevices.Cpu.Kind,
                Threads = 1,
                Speed = 1000,
                Times = new ClusterTimes { Lease = cluster.Lease },
                Notice = _notices.Enqueue,
            }, [], Cancellation);
        MakeUser("submitter", "ada");

        await using (var client = await Client("ada"))
        {
            var list = await client.Ask(new ClusterRequest { Command = Command.List }, Cancellation);
            Assert.Equal("one", Assert.Single(list.Nodes).Node);
            var drain = await client.Ask(
                new ClusterRequest { Command = Command.Drain, Key = "one" }, Cancellation);
            Assert.Equal((false, true), (drain.Accepted, drain.Text.Contains("administrators",
                StringComparison.Ordinal)));
        }
        await ANodeObeysNobodyElse();
        await DeadLettersAreNoBusinessOfASubmitter();
        // Away from its own names, the nodes' user has no rights.
        await Refused(nodes, "leaps.another.cluster");
    }

    // Past the scheduler, which knows who may do what, to the node itself.
    private async Task ANodeObeysNobodyElse()
    {
        await using var submitter = await Connect("ada", Password);
        var mailboxes = submitter.Mailboxes(BrokerNames.Cluster("laptop"), BrokerNames.IdOf("laptop"),
            _notices.Enqueue, BrokerNames.Root("laptop"), guest: true);
        var mailbox = await mailboxes.OpenTransient(
            "client-forged", 1, (_, handled) => handled(), _ => { }, Cancellation);
        mailbox.Tell(ActorNames.Node("one"), new Assignment
        {
            Node = "one",
            Session = ByteString.CopyFrom(new byte[16]),
            SchedulerEpoch = 1,
            Version = 1,
            ClusterThreads = 1,
        });
        await Noticed("Assignment from user 'ada': nodes of this cluster obey 'leaps'");
    }

    private async Task DeadLettersAreNoBusinessOfASubmitter()
    {
        await using var submitter = await Connect("ada", Password);
        var refusal = await Assert.ThrowsAsync<LeapsException>(
            () => new DeadLetters(submitter, BrokerNames.Root("laptop")).List(1, Cancellation));
        Assert.Contains("is missing a permission", refusal.Message);
    }

    private static async Task Refused(BrokerConnection connection, string prefix)
    {
        var failed = new TaskCompletionSource<Exception>();
        connection.Mailboxes(prefix, Guid.NewGuid(), _ => { })
            .Open("a", 1, (_, handled) => handled(), failed.SetResult);
        var refusal = await failed.Task.WaitAsync(Limit, Cancellation);
        Assert.Contains("is missing a permission", refusal.Message);
    }

    private async Task StartServers()
    {
        _laptop = Script.Start("cluster-config/laptop", new Dictionary<string, string?>
        {
            ["LEAPS_BROKER_PORT"] = $"{_brokerPort}",
            ["LEAPS_DATABASE_PORT"] = $"{_databasePort}",
        }, "", _folder.Path);
        try
        {
            await _laptop.Writes("Broker and database run");
        }
        catch (Xunit.Sdk.XunitException) when (_laptop.Written.Contains("is missing: apt install",
            StringComparison.Ordinal))
        {
            Assert.Skip(_laptop.Written.Trim());
        }
        Assert.Contains($"leaps node --cluster {_folder.Path}/cluster.yaml --name one", _laptop.Written);
    }

    private void MakeUser(string role, string user)
    {
        string programs = Directory.GetDirectories("/usr/lib/rabbitmq/lib", "rabbitmq_server-*").Max()!;
        var (code, written) = Script.Run("cluster-config/broker/users", new Dictionary<string, string?>
        {
            ["RABBITMQCTL"] = Path.Combine(programs, "sbin", "rabbitmqctl"),
            ["RABBITMQ_NODENAME"] = "laptop@localhost",
            ["HOME"] = _folder.Path,
            ["ERL_EPMD_PORT"] = $"{_brokerPort - 1000}",
        }, Password + "\n", "laptop", role, user);
        Assert.True(code == 0, written);
    }

    private Task<BrokerConnection> Connect(string user, string password) =>
        BrokerConnection.Connect(new BrokerOptions
        {
            Hosts = [new BrokerHost("localhost", _brokerPort)],
            User = user,
            Password = password,
        }, "test", _notices.Enqueue, wait: false, cancellation: Cancellation);

    private async Task<ClusterClient> Client(string user) => await ClusterClient.Open(
        await Connect(user, Password), "laptop", _notices.Enqueue, TimeProvider.System, Cancellation);

    private async Task Noticed(string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!_notices.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Limit,
                $"no '{text}' in: {string.Join('\n', _notices)}");
            await Task.Delay(20, Cancellation);
        }
    }
}
