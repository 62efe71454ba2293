using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;

namespace EdgeBackup.Core.Archives;

/// <summary>
/// Signs and checks manifests: ECDSA on P-256 with SHA-256 over the bytes of manifest.json, as DER (RFC 3279), which is
/// what <c>openssl dgst -sha256 -verify</c> reads. Of the two signatures that ECDSA has for everything (s and n - s) only the
/// one with the smaller s counts, and only its shortest form, so that no byte of a signature can be altered.
/// </summary>
public static class ArchiveSignature
{
    private const string CurveOid = "1.2.840.10045.3.1.7";
    private const int NumberLength = 32;

    /// <summary>The order of the curve's group (FIPS 186-5, P-256).</summary>
    private static readonly BigInteger Order = new(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);

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
        var pair = key.SignData(manifest, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var r = new BigInteger(pair.AsSpan(0, NumberLength), isUnsigned: true, isBigEndian: true);
        var s = new BigInteger(pair.AsSpan(NumberLength), isUnsigned: true, isBigEndian: true);
        return Encode(r, IsSmall(s) ? s : Order - s);
    }

    /// <summary>Whether a signature is that of the bytes, by a key as PEM.</summary>
    public static bool IsRight(string publicKey, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> signature)
    {
        try
        {
            using var key = Import(publicKey);
            var sequence = new AsnReader(signature.ToArray(), AsnEncodingRules.DER).ReadSequence();
            var (r, s) = (sequence.ReadInteger(), sequence.ReadInteger());
            return IsSmall(s)
                && signature.SequenceEqual(Encode(r, s))
                && key.VerifyData(manifest, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception exception) when (exception is CryptographicException or AsnContentException)
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

    private static bool IsSmall(BigInteger s) => s <= Order / 2;

    private static byte[] Encode(BigInteger r, BigInteger s)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(r);
            writer.WriteInteger(s);
        }

        return writer.Encode();
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
