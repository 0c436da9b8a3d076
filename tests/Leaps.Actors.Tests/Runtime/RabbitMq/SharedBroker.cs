using Leaps.Actors.Runtime.RabbitMq;
using Leaps.Servers;

[assembly: AssemblyFixture(typeof(Leaps.Actors.Tests.Runtime.RabbitMq.SharedBroker))]

namespace Leaps.Actors.Tests.Runtime.RabbitMq;

/// <summary>
/// The broker of all tests that leave it alone: it starts once, for the first that wants it.
/// </summary>
public sealed class SharedBroker : IAsyncDisposable
{
    /// <summary>No user of this broker may use it.</summary>
    public const string ForbiddenHost = "forbidden";

    private readonly Lazy<Task<RabbitMqServer>> _server = new(() => RabbitMqServer.Start(
        new RabbitMqOptions { VirtualHosts = ["/", ForbiddenHost] }));

    public Task<RabbitMqServer> Server => OrSkip(() => _server.Value);

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated && _server.Value.IsCompletedSuccessfully)
            await (await _server.Value).DisposeAsync();
    }

    /// <summary>Skips the test, visibly, on a machine without RabbitMQ.</summary>
    public static async Task<T> OrSkip<T>(Func<Task<T>> start)
    {
        try
        {
            return await start();
        }
        catch (ServerMissingException missing)
        {
            Assert.Skip(missing.Message);
            throw;
        }
    }

    public static BrokerOptions Options(params IEnumerable<RabbitMqServer> servers) =>
        new() { Hosts = [.. servers.Select(server => new BrokerHost("localhost", server.Port))] };

    /// <summary>Of a run that no other test has.</summary>
    public static string NewPrefix() => $"leaps.test.{Guid.NewGuid():N}";
}
