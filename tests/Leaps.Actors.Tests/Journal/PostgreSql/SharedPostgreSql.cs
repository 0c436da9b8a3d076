using Leaps.Actors.Journal.PostgreSql;
using Leaps.Servers;

namespace Leaps.Actors.Tests.Journal.PostgreSql;

/// <summary>The classes that share one server; none of them stops it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedPostgreSqlTests : ICollectionFixture<SharedPostgreSql>
{
    public const string Name = "PostgreSQL";
}

/// <summary>A server, or the reason why there is none.</summary>
public sealed class SharedPostgreSql : IDisposable
{
    private readonly PostgreSqlServer? server;
    private readonly string reason = "";

    public SharedPostgreSql()
    {
        try
        {
            server = new PostgreSqlServer();
        }
        catch (ServerMissingException missing)
        {
            reason = missing.Message;
        }
    }

    /// <summary>The server; without one the test is skipped, visibly.</summary>
    public PostgreSqlServer Server
    {
        get
        {
            Assert.SkipWhen(server is null, reason);
            return server!;
        }
    }

    /// <summary>A server for a test that mistreats it; without one the test is skipped, visibly.</summary>
    public static PostgreSqlServer Own(bool durable = false, string? certificate = null, string? key = null)
    {
        try
        {
            return new PostgreSqlServer(durable, certificate, key);
        }
        catch (ServerMissingException missing)
        {
            Assert.Skip(missing.Message);
            throw;
        }
    }

    /// <summary>How the program reaches a server.</summary>
    public static PostgreSqlOptions Options(PostgreSqlServer server) => new()
    {
        Host = "127.0.0.1",
        Port = server.Port,
        Database = PostgreSqlServer.Database,
        User = PostgreSqlServer.User,
        Password = server.Password,
        Tls = PostgreSqlTls.Off,
    };

    public void Dispose() => server?.Dispose();
}
