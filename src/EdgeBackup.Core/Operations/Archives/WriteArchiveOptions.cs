using EdgeBackup.Core.Archives;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>What to archive, and where.</summary>
public sealed record WriteArchiveOptions
{
    /// <summary>The id of a registered device.</summary>
    public required string Device { get; init; }

    /// <summary>The folder in which the archive's folder is made; absolute, and it exists.</summary>
    public required string Parent { get; init; }

    /// <summary>What is archived; empty for both, or with categories for events. What is not keeps its place for a later run.</summary>
    public IReadOnlyList<ArchiveContent> Contents { get; init; } = [];

    /// <summary>Records of this time or later; makes an extract.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Records before this time; makes an extract.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only events of these, wildcards allowed; makes an extract.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    public ArchiveFormat Format { get; init; }

    /// <summary>Whether something of it is left out by a selection; the cursors stay where they are.</summary>
    public bool IsExtract => Selection is not null;

    /// <summary>What of the records is chosen; null for all.</summary>
    internal ArchiveSelection? Selection => new ArchiveSelection(From, To, Categories) is { IsEverything: false } chosen ? chosen : null;

    /// <summary>Whoever names categories and no content means events.</summary>
    internal bool Wants(ArchiveContent content) =>
        Contents.Count > 0 ? Contents.Contains(content) : content == ArchiveContent.Event || Categories.Count == 0;
}
