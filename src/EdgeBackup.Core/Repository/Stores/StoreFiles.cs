using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// What a <see cref="FileObjectStore"/> changes on a disk besides what <see cref="IPlatform"/> does. One place, so that a
/// test can see every change in its order, and lose what was not flushed.
/// </summary>
internal interface IStoreFiles
{
    /// <summary>Makes a file that does not exist, for the current user alone.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="content">All its bytes.</param>
    /// <param name="flush">Whether they are on the disk on return; the folder's entry is not.</param>
    void Create(string path, ReadOnlySpan<byte> content, bool flush);

    /// <summary>Removes a file; its folder's entry is not flushed.</summary>
    void Delete(string path);

    /// <summary>Makes a folder for the current user alone; the entry in its parent is not flushed.</summary>
    /// <param name="path">Absolute; its parent exists.</param>
    /// <param name="isRoot">Whether it is the repository's own folder.</param>
    void CreateFolder(string path, bool isRoot);
}

/// <summary>The system's own file operations.</summary>
internal sealed class SystemStoreFiles(IPlatform platform) : IStoreFiles
{
    public void Create(string path, ReadOnlySpan<byte> content, bool flush)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(path, options);
        stream.Write(content);
        if (flush)
        {
            stream.Flush(flushToDisk: true);
        }
    }

    public void Delete(string path) => File.Delete(path);

    public void CreateFolder(string path, bool isRoot)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            if (isRoot)
            {
                platform.RestrictToUser(path);
            }
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
