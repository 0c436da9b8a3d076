using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Leaps.Servers;

/// <summary>A user of a broker, who may do everything on some virtual hosts.</summary>
/// <param name="Name">who</param>
/// <param name="Password">in the clear</param>
/// <param name="VirtualHosts">where</param>
/// <param name="Pattern">of the names that the user may configure, write and read</param>
public sealed record RabbitMqUser(
    string Name, string Password, IReadOnlyList<string> VirtualHosts, string Pattern = ".*");

/// <summary>PEM files of a listener that takes TLS only.</summary>
public sealed record RabbitMqTls(string Authority, string Certificate, string Key);

/// <summary>What a broker for tests has. Without users: guest with password guest.</summary>
public sealed record RabbitMqOptions
{
    public RabbitMqTls? Tls { get; init; }
    public IReadOnlyList<string> VirtualHosts { get; init; } = ["/"];
    public IReadOnlyList<RabbitMqUser> Users { get; init; } = [new("guest", "guest", ["/"])];

    /// <summary>Further lines of rabbitmq.conf, such as a limit of memory.</summary>
    public IReadOnlyList<string> Configuration { get; init; } = [];

    /// <summary>Users, virtual hosts and permissions, as the broker loads them when it starts.</summary>
    internal string Definitions() => JsonSerializer.Serialize(new
    {
        vhosts = VirtualHosts.Select(name => new { name }),
        users = Users.Select(user => new
        {
            name = user.Name,
            password_hash = Hash(user.Password),
            hashing_algorithm = "rabbit_password_hashing_sha256",
            tags = "",
        }),
        permissions = Users.SelectMany(user => user.VirtualHosts.Select(vhost => new
        {
            user = user.Name,
            vhost,
            configure = user.Pattern,
            write = user.Pattern,
            read = user.Pattern,
        })),
    });

    // Base64(salt of 4 bytes, SHA-256(salt, password)). A fixed salt: these passwords guard nothing.
    private static string Hash(string password)
    {
        byte[] salt = [1, 2, 3, 4];
        return Convert.ToBase64String([.. salt,
            .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);
    }
}
