using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Leaps.Actors.Journal.PostgreSql;

/// <summary>
/// Why a server's certificate was refused: Npgsql tells only that it was. So the server is asked for it once
/// more, and nothing else is said to it.
/// </summary>
internal static class ServerCertificate
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, 8 bytes, code 80877103.
    private static readonly byte[] TlsRequest = [0, 0, 0, 8, 4, 210, 22, 47];

    /// <summary>What is wrong and what to do, in one line; null when the server shows it no more.</summary>
    public static string? Finding(PostgreSqlOptions options)
    {
        string? finding = null;
        try
        {
            using var client = new TcpClient();
            if (!client.ConnectAsync(options.Host, options.Port).Wait(Patience))
                return null;
            var stream = client.GetStream();
            stream.ReadTimeout = stream.WriteTimeout = (int)Patience.TotalMilliseconds;
            stream.Write(TlsRequest);
            if (stream.ReadByte() != 'S')
                return null;
            using var tls = new SslStream(stream, leaveInnerStreamOpen: true,
                (_, certificate, _, errors) =>
                {
                    finding = Told(options, certificate?.Subject ?? "none", errors);
                    return false;
                });
            tls.AuthenticateAsClient(options.Host);
        }
        catch (Exception end) when (end is IOException or SocketException or AuthenticationException
            or AggregateException)
        {
            return finding;
        }
        return finding;
    }

    private static string Told(PostgreSqlOptions options, string subject, SslPolicyErrors errors) =>
        errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
            ? $"the server's certificate ({subject}) is not for the name '{options.Host}': name the host as "
                + "the certificate does, or give the server another."
            : $"the server's certificate ({subject}) is not from an authority of "
                + $"{options.CaFile ?? "this system"}, or has expired: name the file of its authority.";
}
