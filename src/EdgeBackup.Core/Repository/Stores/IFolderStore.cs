namespace EdgeBackup.Core.Repository.Stores;

/// <summary>A folder of objects at one moment.</summary>
/// <param name="Name">With the '/' at its end.</param>
/// <param name="Stamp">
/// The same text again means that the folder has got and lost nothing since; null where that cannot be told, or not yet.
/// </param>
public sealed record FolderInfo(string Name, string? Stamp);

/// <summary>
/// A store that keeps objects in folders and may know when one last changed, so that folders in which nothing happened
/// need not be listed. What a store does not tell is listed: this saves time and decides nothing.
/// </summary>
public interface IFolderStore
{
    /// <summary>The folders right below a prefix, each looked at before anybody lists it.</summary>
    /// <param name="prefix">Ends with '/'.</param>
    /// <param name="cancellationToken">Stops.</param>
    Task<IReadOnlyList<FolderInfo>> ListFoldersAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>The names of the objects right in a folder.</summary>
    /// <param name="folder">Ends with '/'.</param>
    /// <param name="cancellationToken">Stops.</param>
    Task<IReadOnlyList<string>> ListNamesAsync(string folder, CancellationToken cancellationToken);
}
