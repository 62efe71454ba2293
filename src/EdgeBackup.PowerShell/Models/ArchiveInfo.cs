namespace EdgeBackup;

/// <summary>An archive, as it says itself.</summary>
public sealed class ArchiveInfo
{
    /// <summary>Its folder.</summary>
    public required string Path { get; init; }

    /// <summary>The id of the device.</summary>
    public required string Device { get; init; }

    /// <summary>The device's name; null where it has none.</summary>
    public string? DeviceName { get; init; }

    /// <summary>The how-manieth of the device it is.</summary>
    public required long Number { get; init; }

    /// <summary>All since the archive before, or a choice.</summary>
    public required ArchiveKind Kind { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTime Created { get; init; }

    /// <summary>The earliest time on a record; null where there is none.</summary>
    public DateTime? From { get; init; }

    /// <summary>The latest time on a record; null where there is none.</summary>
    public DateTime? To { get; init; }

    /// <summary>How records are written.</summary>
    public required ArchiveFormat Format { get; init; }

    /// <summary>Events in it.</summary>
    public required long Events { get; init; }

    /// <summary>Trend records in it.</summary>
    public required long TrendRecords { get; init; }

    /// <summary>Records that an extract did not choose.</summary>
    public long LeftOut { get; init; }

    /// <summary>Bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Where records are missing, because the device no longer had them.</summary>
    public ArchiveGap[] Gap { get; init; } = [];

    /// <summary>Its files.</summary>
    public ArchiveFile[] File { get; init; } = [];

    /// <summary>Who wrote it: user@machine.</summary>
    public required string Author { get; init; }

    /// <summary>The folder of the device's archive before it; null of the first.</summary>
    public string? Previous { get; init; }

    /// <summary>Of the key that signed it.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Whether the signature is that of the manifest. Test-EdgeArchive looks at the files, too.</summary>
    public required bool SignatureValid { get; init; }

    /// <summary>Whether the repository's key signed it; null where none was asked.</summary>
    public bool? OwnKey { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
