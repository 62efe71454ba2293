using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository.Keys;

/// <summary>One wrapped copy of the master key: <c>keys/&lt;id&gt;.json</c> (docs/format.md, Key objects).</summary>
internal sealed class KeyObject
{
    public const string Folder = "keys/";

    private const string ChecksumMember = "checksum";
    private const string PasswordDerivation = "pbkdf2-sha256";
    private const string KeyDerivation = "hkdf-sha256";
    private const int Rounds = 600_000;
    private const int MaximumRounds = 100_000_000;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly string derivation;
    private readonly int rounds;
    private readonly byte[] salt;
    private readonly byte[] wrapped;

    private KeyObject(KeyInfo info, string derivation, int rounds, byte[] salt, byte[] wrapped)
    {
        Info = info;
        this.derivation = derivation;
        this.rounds = rounds;
        this.salt = salt;
        this.wrapped = wrapped;
    }

    public KeyInfo Info { get; }

    public string Name => ToName(Info.Id);

    public static string ToName(string id) => $"{Folder}{id}.json";

    public static KeyObject Create(MasterKey master, RepositorySecret secret, RepositoryEnvironment environment)
    {
        var id = new byte[8];
        environment.Random.Fill(id);
        var salt = new byte[32];
        environment.Random.Fill(salt);
        var wrapped = new byte[NonceSize + MasterKey.Size + TagSize];
        environment.Random.Fill(wrapped.AsSpan(0, NonceSize));
        var isPassphrase = secret.Kind == KeyKind.Passphrase;
        var info = new KeyInfo(Convert.ToHexStringLower(id), secret.Kind, environment.Clock.GetUtcNow())
        {
            Derivation = isPassphrase ? PasswordDerivation : KeyDerivation,
            Rounds = isPassphrase ? Rounds : 0,
        };
        var made = new KeyObject(info, info.Derivation, info.Rounds, salt, wrapped);
        using var cipher = new AesGcm(made.DeriveWrappingKey(secret), TagSize);
        cipher.Encrypt(
            wrapped.AsSpan(0, NonceSize),
            master.Bytes,
            wrapped.AsSpan(NonceSize, MasterKey.Size),
            wrapped.AsSpan(NonceSize + MasterKey.Size),
            made.AssociatedData());
        return made;
    }

    public byte[] Serialize()
    {
        var json = CheckedText.Build(writer =>
        {
            writer.WriteNumber("version", 1);
            writer.WriteString("id", Info.Id);
            writer.WriteString("kind", KindText(Info.Kind));
            writer.WriteString("created", Info.Created.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteString("derivation", derivation);
            writer.WriteNumber("rounds", rounds);
            writer.WriteBase64String("salt", salt);
            writer.WriteBase64String("wrapped", wrapped);
        });
        return CheckedText.Append(json, ChecksumMember, SHA256.HashData);
    }

    /// <exception cref="ObjectDamagedException">The object is not what was written.</exception>
    public static KeyObject Parse(string name, byte[] content)
    {
        if (!CheckedText.IsIntact(content, ChecksumMember, SHA256.HashData))
        {
            throw new ObjectDamagedException(name, "its checksum does not fit");
        }

        try
        {
            using var document = JsonDocument.Parse(content);
            var root = document.RootElement;
            var kind = root.GetProperty("kind").GetString() switch
            {
                "passphrase" => KeyKind.Passphrase,
                "key-file" => KeyKind.KeyFile,
                "recovery" => KeyKind.Recovery,
                var other => throw new FormatException($"unknown kind '{other}'"),
            };
            var derivation = root.GetProperty("derivation").GetString()!;
            var rounds = root.GetProperty("rounds").GetInt32();
            var info = new KeyInfo(root.GetProperty("id").GetString()!, kind, root.GetProperty("created").GetDateTimeOffset())
            {
                Derivation = derivation,
                Rounds = rounds,
            };
            var read = new KeyObject(
                info,
                derivation,
                rounds,
                root.GetProperty("salt").GetBytesFromBase64(),
                root.GetProperty("wrapped").GetBytesFromBase64());
            var isKnown = read.derivation == (kind == KeyKind.Passphrase ? PasswordDerivation : KeyDerivation);
            return isKnown && read.Name == name && read.rounds is >= 0 and <= MaximumRounds && read.wrapped.Length == NonceSize + MasterKey.Size + TagSize
                ? read
                : throw new ObjectDamagedException(name, "it stands at another key's place, or was written by something else");
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ObjectDamagedException(name, "it is no key object", exception);
        }
    }

    /// <returns>Null when the secret is not the one that wrapped it.</returns>
    public MasterKey? Unwrap(RepositorySecret secret)
    {
        var master = new byte[MasterKey.Size];
        using var cipher = new AesGcm(DeriveWrappingKey(secret), TagSize);
        try
        {
            cipher.Decrypt(
                wrapped.AsSpan(0, NonceSize),
                wrapped.AsSpan(NonceSize, MasterKey.Size),
                wrapped.AsSpan(NonceSize + MasterKey.Size),
                master,
                AssociatedData());
            return new MasterKey(master);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    /// <exception cref="EdgeBackupException">RepositoryKeyWrong: an empty passphrase, a mistyped recovery key.</exception>
    public static void CheckSecret(RepositorySecret secret)
    {
        switch (secret)
        {
            case PassphraseSecret { Passphrase: null or "" }:
                throw new EdgeBackupException(ErrorIds.RepositoryKeyWrong, "The passphrase is empty. Give one with at least one character.");
            case KeyFileSecret { Key.Length: not MasterKey.Size }:
                throw new EdgeBackupException(ErrorIds.RepositoryKeyWrong, $"The key of a key file has {MasterKey.Size} bytes. Read it with KeyFile.Read.");
            case RecoveryKeySecret recovery:
                RecoveryKeyText.Parse(recovery.Text);
                break;
            default:
                break;
        }
    }

    private static string KindText(KeyKind kind) => kind switch
    {
        KeyKind.Passphrase => "passphrase",
        KeyKind.KeyFile => "key-file",
        _ => "recovery",
    };

    private byte[] DeriveWrappingKey(RepositorySecret secret) => secret switch
    {
        PassphraseSecret passphrase => Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(passphrase.Passphrase), salt, Math.Max(rounds, 1), HashAlgorithmName.SHA256, MasterKey.Size),
        KeyFileSecret file => MasterKey.DeriveSalted(file.Key, salt, "key-file"),
        RecoveryKeySecret recovery => MasterKey.DeriveSalted(RecoveryKeyText.Parse(recovery.Text), salt, "recovery"),
        _ => throw new ArgumentException("An unknown kind of secret.", nameof(secret)),
    };

    private byte[] AssociatedData() => Encoding.ASCII.GetBytes($"edgebackup key {Info.Id} {KindText(Info.Kind)}");
}
