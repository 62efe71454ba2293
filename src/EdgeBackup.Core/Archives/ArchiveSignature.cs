using System.Security.Cryptography;

namespace EdgeBackup.Core.Archives;

/// <summary>
/// Signs and checks manifests: ECDSA on P-256 with SHA-256 over the bytes of manifest.json, as DER (RFC 3279), which is
/// what <c>openssl dgst -sha256 -verify</c> reads.
/// </summary>
public static class ArchiveSignature
{
    private const string CurveOid = "1.2.840.10045.3.1.7";

    /// <summary>Makes a key.</summary>
    /// <returns>The private key as PKCS #8, secret.</returns>
    public static byte[] CreateKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    /// <summary>The public part of a key, as PEM.</summary>
    public static string PublicKeyOf(ReadOnlySpan<byte> privateKey)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(privateKey, out _);
        return key.ExportSubjectPublicKeyInfoPem();
    }

    /// <summary>Signs.</summary>
    /// <param name="privateKey">From <see cref="CreateKey"/>.</param>
    /// <param name="manifest">The bytes of the manifest.</param>
    public static byte[] Sign(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> manifest)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(privateKey, out _);
        return key.SignData(manifest, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    /// <summary>Whether a signature is that of the bytes, by a key as PEM.</summary>
    public static bool IsRight(string publicKey, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var key = Import(publicKey);
            return key.VerifyData(manifest, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            // A signature that is no DER is a wrong one.
            return false;
        }
    }

    /// <summary>What people compare keys by: SHA-256 of the SubjectPublicKeyInfo, lower-case hex.</summary>
    /// <exception cref="CryptographicException">It is no public key on P-256.</exception>
    public static string FingerprintOf(string publicKey)
    {
        using var key = Import(publicKey);
        return Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    private static ECDsa Import(string publicKey)
    {
        // Only this: ImportFromPem would take a private key, too.
        if (!PemEncoding.TryFind(publicKey, out var fields) || publicKey[fields.Label] != "PUBLIC KEY")
        {
            throw new CryptographicException("It is no public key in PEM.");
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey[fields.Base64Data]), out _);
            return key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == CurveOid
                ? key
                : throw new CryptographicException("It is no key on the curve P-256.");
        }
        catch (Exception)
        {
            key.Dispose();
            throw;
        }
    }
}
