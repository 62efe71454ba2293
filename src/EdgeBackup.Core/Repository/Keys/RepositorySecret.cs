namespace EdgeBackup.Core.Repository;

/// <summary>Something that opens a repository. <c>ToString</c> never shows the secret.</summary>
public abstract record RepositorySecret
{
    private protected RepositorySecret()
    {
    }

    /// <summary>The kind of key objects that this secret may open.</summary>
    public abstract KeyKind Kind { get; }
}

/// <summary>A passphrase that its user remembers.</summary>
public sealed record PassphraseSecret(string Passphrase) : RepositorySecret
{
    public override KeyKind Kind => KeyKind.Passphrase;

    public override string ToString() => "passphrase";
}

/// <summary>The 32 bytes of a key file; see <see cref="KeyFile"/>.</summary>
public sealed record KeyFileSecret(byte[] Key) : RepositorySecret
{
    public override KeyKind Kind => KeyKind.KeyFile;

    public override string ToString() => "key file";
}

/// <summary>The recovery key as it was shown once; upper or lower case, with or without its dashes and blanks.</summary>
public sealed record RecoveryKeySecret(string Text) : RepositorySecret
{
    public override KeyKind Kind => KeyKind.Recovery;

    public override string ToString() => "recovery key";
}

/// <summary>What wraps a copy of the master key.</summary>
public enum KeyKind
{
    Passphrase,
    KeyFile,
    Recovery,
}

/// <summary>One wrapped copy of the master key.</summary>
/// <param name="Id">The name in <c>keys/</c>, 16 hex digits.</param>
/// <param name="Kind">What opens it.</param>
/// <param name="Created">UTC.</param>
public sealed record KeyInfo(string Id, KeyKind Kind, DateTimeOffset Created)
{
    /// <summary>How the wrapping key comes from the secret: <c>pbkdf2-sha256</c> or <c>hkdf-sha256</c>.</summary>
    public string Derivation { get; init; } = "";

    /// <summary>Rounds of the derivation; 0 where it has none.</summary>
    public int Rounds { get; init; }
}
