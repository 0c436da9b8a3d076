using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Leaps.Model;
using RabbitMQ.Client;

namespace Leaps.Actors.Runtime.RabbitMq;

/// <summary>Checks a broker's certificate, and remembers in one line what was wrong with it.</summary>
internal sealed class BrokerCertificates
{
    private readonly BrokerTls _tls;
    private readonly X509Certificate2Collection _authorities = [];
    private readonly X509Certificate2Collection _own = [];
    private readonly string _name;

    /// <exception cref="LeapsException">A file can't be used.</exception>
    public BrokerCertificates(BrokerTls tls, BrokerHost host)
    {
        _tls = tls;
        _name = tls.ServerName ?? host.Name;
        if (tls.AuthorityFile is { } file)
            Read(file, () => _authorities.ImportFromPemFile(file));
        if (tls.AuthorityFile is not null && _authorities.Count == 0)
            throw new LeapsException($"{tls.AuthorityFile}: no PEM certificate is in it.");
        if (tls.ClientCertificateFile is { } own)
            Read(own, () => _own.Add(X509Certificate2.CreateFromPemFile(own, tls.ClientKeyFile)));
    }

    /// <summary>Of the last attempt; null: none.</summary>
    public string? Problem { get; private set; }

    public SslOption Options() => new(_name, enabled: true)
    {
        Certs = _own,
        CertificateValidationCallback = (_, certificate, chain, errors) =>
        {
            Problem = FindProblem(certificate, chain, errors);
            return Problem is null;
        },
    };

    private string? FindProblem(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown || chain is null)
            return "it shows no certificate.";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"its certificate is not for '{_name}' but for '{Names(shown)}': set the server name.";
        if (_authorities.Count == 0)
        {
            return errors == SslPolicyErrors.None ? null
                : $"its certificate is not trusted by this machine: {Status(chain)}; name the CA's file.";
        }
        using var ours = new X509Chain();
        ours.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        ours.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        ours.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in chain.ChainElements.Skip(1))
            ours.ChainPolicy.ExtraStore.Add(element.Certificate);
        return ours.Build(shown) ? null
            : $"its certificate is not signed by the CA in {_tls.AuthorityFile}: {Status(ours)}.";
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(
            extension => extension.EnumerateDnsNames()
                .Concat(extension.EnumerateIPAddresses().Select(address => address.ToString()))).ToList();
        return names.Count > 0 ? string.Join(", ", names) : certificate.Subject;
    }

    private static string Status(X509Chain chain) => string.Join(", ", chain.ChainStatus.Select(
        status => status.StatusInformation.ReplaceLineEndings(" ").Trim().TrimEnd('.')).Distinct());

    private static void Read(string file, Action read)
    {
        try
        {
            read();
        }
        catch (Exception error) when (error is CryptographicException or IOException
            or UnauthorizedAccessException)
        {
            throw new LeapsException($"{file}: no PEM certificate (and key) can be read from it: " +
                BrokerErrors.FirstLine(error), error);
        }
    }
}
