using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LungSeg.Cli;
using LungSeg.Cli.Commands;

namespace LungSeg.Server;

/// <summary>
/// Certificates in files, for TLS. Without them the service uses no library of cryptography, and runs where none is; .NET ends the process
/// where it is asked for one and finds none, so it is looked for first.
/// </summary>
internal sealed class Certificates
{
    private static readonly string[] Libraries = ["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so"];
    private readonly X509Certificate2Collection? _authorities;

    private Certificates(X509Certificate2? own, X509Certificate2Collection? authorities) => (Own, _authorities) = (own, authorities);

    /// <summary>The service's own, with its key; null where it serves without TLS.</summary>
    public X509Certificate2? Own { get; }

    /// <summary>Reads what the options name.</summary>
    /// <exception cref="UsageException">A file is missing or none, or there is no OpenSSL.</exception>
    public static Certificates Read(ServeRequest request, bool calls)
    {
        if (request.Certificate is null != request.Key is null)
            throw new UsageException(
            $"{(request.Certificate is null ? "--tls-key without --tls-cert" : "--tls-cert without --tls-key")}: expected both");
        if (request.Certificate is null && request.Authority is null && !calls) return new Certificates(null, null);
        if (OperatingSystem.IsLinux() && !Libraries.Any(HasLibrary))
            throw new UsageException("TLS needs OpenSSL, and this machine has none: install it (Debian: libssl3), or leave the --tls "
            + "options out");
        try
        {
            X509Certificate2? own = request.Certificate is null ? null : WithKey(request.Certificate, request.Key!);
            X509Certificate2Collection? authorities = null;
            if (request.Authority is not null)
            {
                authorities = [];
                authorities.ImportFromPemFile(request.Authority);
                if (authorities.Count == 0) throw new UsageException($"{request.Authority}: no certificate (PEM) in it");
            }
            return new Certificates(own, authorities);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"the certificates cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>For DICOM callers: they must show a certificate where authorities are given.</summary>
    public SslServerAuthenticationOptions? Server => Own is null ? null : new SslServerAuthenticationOptions
    {
        ServerCertificate = Own,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateRequired = _authorities is not null,
        RemoteCertificateValidationCallback = _authorities is null ? null : (_, certificate, _, _) => IsSigned(certificate),
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
    };

    /// <summary>For nodes that are called: signed by the authorities where these are given, else by one that the machine trusts.</summary>
    public SslClientAuthenticationOptions Client(string host)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificates = Own is null ? null : [Own],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (_authorities is not null)
        {
            options.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0 && IsSigned(certificate);
        }
        return options;
    }

    private bool IsSigned(X509Certificate? certificate)
    {
        if (certificate is null) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(new X509Certificate2(certificate));
    }

    // What is in memory only cannot be used by TLS on Windows.
    private static X509Certificate2 WithKey(string certificate, string key)
    {
        using X509Certificate2 read = X509Certificate2.CreateFromPemFile(certificate, key);
        return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
    }

    private static bool HasLibrary(string name)
    {
        if (!NativeLibrary.TryLoad(name, out nint handle)) return false;
        NativeLibrary.Free(handle);
        return true;
    }
}
