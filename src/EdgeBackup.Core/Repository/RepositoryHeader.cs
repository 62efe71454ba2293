namespace EdgeBackup.Core.Repository;

/// <summary>What <c>repository.json</c> tells without a key.</summary>
/// <param name="Id">32 hex digits.</param>
/// <param name="FormatVersion">The format that the repository is written in.</param>
/// <param name="Created">UTC.</param>
public sealed record RepositoryHeader(string Id, int FormatVersion, DateTimeOffset Created)
{
    /// <summary>Percent of a pack's bytes that may be damaged and are mended from its recovery data; 0 for none (format 1 always).</summary>
    public int RedundancyPercent { get; init; }
}

/// <summary>What is settled for a repository's whole life when it is made.</summary>
public sealed record RepositorySettings
{
    public const int DefaultRedundancyPercent = 1;
    public const int LargestRedundancyPercent = 30;

    /// <summary>See <see cref="RepositoryHeader.RedundancyPercent"/>; 0 to <see cref="LargestRedundancyPercent"/>.</summary>
    public int RedundancyPercent { get; init; } = DefaultRedundancyPercent;
}

/// <summary>A new repository, open, and the key that is shown once.</summary>
/// <param name="Repository">To be disposed by the caller.</param>
/// <param name="RecoveryKey">Text in groups; it has been proved to open the repository.</param>
public sealed record CreatedRepository(EdgeRepository Repository, string RecoveryKey)
{
    /// <summary>Never shows the recovery key.</summary>
    public override string ToString() => $"repository {Repository.Id}";
}
