namespace EdgeBackup.Core.Repository;

/// <summary>What <c>repository.json</c> tells without a key.</summary>
/// <param name="Id">32 hex digits.</param>
/// <param name="FormatVersion">The format that the repository is written in.</param>
/// <param name="Created">UTC.</param>
public sealed record RepositoryHeader(string Id, int FormatVersion, DateTimeOffset Created);

/// <summary>A new repository, open, and the key that is shown once.</summary>
/// <param name="Repository">To be disposed by the caller.</param>
/// <param name="RecoveryKey">Text in groups; it has been proved to open the repository.</param>
public sealed record CreatedRepository(EdgeRepository Repository, string RecoveryKey)
{
    /// <summary>Never shows the recovery key.</summary>
    public override string ToString() => $"repository {Repository.Id}";
}
