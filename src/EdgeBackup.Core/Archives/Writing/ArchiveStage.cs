using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Archives.Writing;

/// <summary>
/// The hidden folder beside its later place in which an archive is written. A lock file beside it tells a run that goes on
/// from one that was killed: the system lets go of it with the process.
/// </summary>
internal sealed class ArchiveStage : IDisposable
{
    private const string LockExtension = ".lock";

    private readonly IPlatform platform;
    private readonly FileStream lockFile;

    private ArchiveStage(string path, IPlatform platform, FileStream lockFile)
    {
        Path = path;
        this.platform = platform;
        this.lockFile = lockFile;
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>
    /// Makes the folder, and those in it: no folder is made later, which would make one anew in place of a drive that is
    /// gone.
    /// </summary>
    /// <param name="path">Its absolute path, in an existing folder.</param>
    /// <param name="hasTrends">Whether it gets files of trend logs.</param>
    /// <param name="platform">The system below.</param>
    public static ArchiveStage Create(string path, bool hasTrends, IPlatform platform)
    {
        var lockFile = OpenLock(path, FileMode.CreateNew);
        try
        {
            Hide(path + LockExtension, hidden: true);
            Directory.CreateDirectory(hasTrends ? System.IO.Path.Combine(path, ArchiveNames.TrendFolder) : path);
            Hide(path, hidden: true);
            return new ArchiveStage(path, platform, lockFile);
        }
        catch
        {
            Release(path, lockFile);
            throw;
        }
    }

    /// <summary>Takes over a stage whose run was killed.</summary>
    /// <returns>Null while its run, or another that found it too, is at work.</returns>
    public static ArchiveStage? TryTakeOver(string path, IPlatform platform)
    {
        try
        {
            return new ArchiveStage(path, platform, OpenLock(path, FileMode.OpenOrCreate));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The stages, and the locks of stages, whose names begin with a text.</summary>
    public static IEnumerable<string> Find(string parent, string prefix) =>
        Directory.EnumerateFileSystemEntries(parent, prefix + "*", new EnumerationOptions { AttributesToSkip = 0 })
            .Select(path => path.EndsWith(LockExtension, StringComparison.Ordinal) ? path[..^LockExtension.Length] : path)
            .Distinct(StringComparer.Ordinal)
            .ToList();

    /// <summary>Writes a small file of the archive, perhaps anew; durable on return.</summary>
    public void WriteFile(string name, ReadOnlySpan<byte> content)
    {
        using var file = new FileStream(System.IO.Path.Combine(Path, name), FileMode.Create, FileAccess.Write, FileShare.None);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Makes the folders durable once all files are.</summary>
    /// <exception cref="IOException">A file is not there as it was written.</exception>
    public void Flush(IEnumerable<ArchiveFile> files)
    {
        foreach (var file in files)
        {
            var written = new FileInfo(System.IO.Path.Combine(Path, file.Path.Replace('/', System.IO.Path.DirectorySeparatorChar)));
            if (!written.Exists || written.Length != file.Length)
            {
                throw new IOException($"'{written.FullName}' is not there as it was written.");
            }
        }

        foreach (var folder in Directory.EnumerateDirectories(Path))
        {
            platform.FlushDirectory(folder);
        }

        platform.FlushDirectory(Path);
        platform.FlushDirectory(System.IO.Path.GetDirectoryName(Path)!);
    }

    /// <summary>Gives the archive its place, after it was committed.</summary>
    /// <param name="wanted">Absolute, in the same folder.</param>
    /// <returns>The archive's folder: the wanted one, or one with a number where that is taken.</returns>
    public string Publish(string wanted)
    {
        Hide(Path, hidden: false);
        for (var number = 1; ; number++)
        {
            var place = number == 1 ? wanted : $"{wanted}-{number}";
            if (platform.Stat(place) is null)
            {
                SharingRetry.Run(() => Directory.Move(Path, place));
                platform.FlushDirectory(System.IO.Path.GetDirectoryName(place)!);
                return place;
            }
        }
    }

    /// <summary>Removes what is still there of the stage.</summary>
    public void Discard()
    {
        if (Directory.Exists(Path))
        {
            SharingRetry.Run(() => Directory.Delete(Path, recursive: true));
        }
    }

    public void Dispose() => Release(Path, lockFile);

    private static FileStream OpenLock(string path, FileMode mode) => new(path + LockExtension, mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);

    private static void Release(string path, FileStream lockFile)
    {
        if (OperatingSystem.IsWindows())
        {
            lockFile.Dispose();
            Remove();
        }
        else
        {
            // Gone before it is let go of: nobody can take over what is at its end.
            Remove();
            lockFile.Dispose();
        }

        void Remove()
        {
            try
            {
                if (File.Exists(path + LockExtension))
                {
                    File.Delete(path + LockExtension);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another run that looks for leftovers, or a scanner, has it open on Windows. The archive is what it is: a
                // lock with nothing beside it is cleared away by the next run.
            }
        }
    }

    private static void Hide(string path, bool hidden)
    {
        if (OperatingSystem.IsWindows())
        {
            var attributes = File.GetAttributes(path);
            File.SetAttributes(path, hidden ? attributes | FileAttributes.Hidden : attributes & ~FileAttributes.Hidden);
        }
    }
}
