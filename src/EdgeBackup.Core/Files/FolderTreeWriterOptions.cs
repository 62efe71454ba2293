namespace EdgeBackup.Core.Files;

/// <summary>How a <see cref="FolderTreeWriter"/> writes.</summary>
public sealed record FolderTreeWriterOptions
{
    /// <summary>Whether every file and folder is flushed to the disk.</summary>
    public bool IsDurable { get; init; }

    /// <summary>Whether the root is shown to nobody, and thrown away if the writing ends early; elsewhere a file has its name only when it is whole, which costs a rename.</summary>
    public bool IsStage { get; init; }

    /// <summary>Whether the streams prove length and SHA-256 themselves at their end, as those of a repository do, so that nobody else needs to.</summary>
    public bool AreStreamsProven { get; init; }

    /// <summary>Whether an item replaces what stands at its path; without it that is an error. A folder with contents is never replaced.</summary>
    public bool Overwrite { get; init; }
}
