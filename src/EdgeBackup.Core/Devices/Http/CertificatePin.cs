using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>The thumbprint of the one certificate that is accepted, whoever signed it.</summary>
internal sealed class CertificatePin
{
    private readonly byte[] thumbprint;

    private CertificatePin(byte[] thumbprint) => this.thumbprint = thumbprint;

    /// <summary>Reads 40 (SHA-1) or 64 (SHA-256) hex digits; spaces, colons and hyphens between them do not count.</summary>
    /// <returns>Null when it is neither.</returns>
    public static CertificatePin? TryParse(string text)
    {
        // Certificate dialogs put an invisible mark in front of what they let one copy.
        var digits = new string([.. text.Where(character => character is not (' ' or ':' or '-' or '\u200e'))]);
        return digits.Length is 40 or 64 && digits.All(char.IsAsciiHexDigit) ? new CertificatePin(Convert.FromHexString(digits)) : null;
    }

    public bool Accepts(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return false;
        }

        var algorithm = thumbprint.Length == 20 ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256;
        return certificate.GetCertHash(algorithm).AsSpan().SequenceEqual(thumbprint);
    }
}
