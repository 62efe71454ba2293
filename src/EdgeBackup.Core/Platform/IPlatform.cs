namespace EdgeBackup.Core.Platform;

/// <summary>What an operating system knows of a directory entry, without following a link.</summary>
/// <param name="Type">File, directory, link or anything else (a socket, a device).</param>
/// <param name="Length">Bytes.</param>
/// <param name="Modified">Last write, UTC.</param>
/// <param name="Changed">Last change of bytes or attributes, UTC; null where the system has no such time.</param>
/// <param name="FileId">Unique on its volume as long as the file lives; null where the system has none.</param>
/// <param name="UnixMode">Permission bits; null on Windows.</param>
/// <param name="ReadOnly">The Windows read-only attribute; false elsewhere.</param>
public sealed record FileEntry(
    FileEntryType Type,
    long Length,
    DateTimeOffset Modified,
    DateTimeOffset? Changed,
    string? FileId,
    int? UnixMode,
    bool ReadOnly);

public enum FileEntryType
{
    File,
    Directory,
    SymbolicLink,
    Other,
}

/// <summary>What differs between Windows and the rest, in one place: durability, links, exchange, access.</summary>
public interface IPlatform
{
    /// <summary>Whether file names here are held to Windows' rules (reserved names, trailing dots, ':' and the like).</summary>
    bool HasWindowsNames { get; }

    /// <summary>Looks at an entry without following a link.</summary>
    /// <returns>Null when nothing stands at the path.</returns>
    FileEntry? Stat(string path);

    /// <summary>Makes a folder's entries durable (fsync on the folder; nothing to do where the file system orders them itself).</summary>
    void FlushDirectory(string path);

    /// <summary>
    /// Gives a file another name on the same volume. Durable on return where the system can do that for a rename itself
    /// (Windows); elsewhere after <see cref="FlushDirectory"/>.
    /// </summary>
    /// <param name="existing">An existing file, absolute.</param>
    /// <param name="newPath">Its new name, absolute.</param>
    /// <param name="overwrite">Replace a file that has the new name.</param>
    /// <exception cref="IOException">The new name is taken and is not to be replaced; a file is in use; anything else.</exception>
    /// <exception cref="UnauthorizedAccessException">Access is denied (on Windows also while somebody reads the file to be replaced).</exception>
    void Rename(string existing, string newPath, bool overwrite);

    /// <summary>Exchanges two directories atomically.</summary>
    /// <returns>False where the system or the file system cannot; nothing has changed then.</returns>
    bool TryExchange(string first, string second);

    /// <summary>Gives a file a second name.</summary>
    /// <returns>False where the file system cannot; nothing has changed then.</returns>
    bool TryCreateHardLink(string existing, string newPath);

    /// <summary>Leaves a file or folder to the current user alone (mode 0600 or 0700; a protected access list on Windows).</summary>
    void RestrictToUser(string path);
}
