using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Tests.Durability.PowerLoss;

/// <summary>One change of a disk, or a wait for it.</summary>
internal abstract record DiskChange
{
    /// <summary>A new, empty file with an entry in its folder.</summary>
    public sealed record Made(string Path, int File) : DiskChange;

    /// <summary>The bytes of a file.</summary>
    public sealed record Wrote(int File, byte[] Content) : DiskChange;

    /// <summary>A file's bytes are on the disk.</summary>
    public sealed record FlushedFile(int File) : DiskChange;

    /// <summary>A folder's entry in its parent.</summary>
    public sealed record MadeFolder(string Path) : DiskChange;

    /// <summary>A file has another name.</summary>
    public sealed record Renamed(string From, string To) : DiskChange;

    /// <summary>A name is gone.</summary>
    public sealed record Deleted(string Path) : DiskChange;

    /// <summary>A folder's entries are on the disk.</summary>
    public sealed record FlushedFolder(string Path) : DiskChange;

    /// <summary>Somebody was told something at this point.</summary>
    public sealed record Told(string What) : DiskChange;
}

/// <summary>Does what a <see cref="FileObjectStore"/> asks for on a real disk, and writes down each change in its order.</summary>
internal sealed class DiskLog : IStoreFiles, IPlatform
{
    private readonly IPlatform system = SystemPlatform.Create();
    private readonly SystemStoreFiles files;
    private readonly List<DiskChange> changes = [];
    private readonly Lock sync = new();
    private int fileCount;

    public DiskLog() => files = new SystemStoreFiles(system);

    public IReadOnlyList<DiskChange> Changes
    {
        get
        {
            lock (sync)
            {
                return [.. changes];
            }
        }
    }

    public bool HasWindowsNames => system.HasWindowsNames;

    public void Tell(string what) => Do(() => { }, new DiskChange.Told(what));

    public void Create(string path, ReadOnlySpan<byte> content, bool flush)
    {
        lock (sync)
        {
            files.Create(path, content, flush);
            var file = fileCount++;
            changes.Add(new DiskChange.Made(path, file));
            changes.Add(new DiskChange.Wrote(file, content.ToArray()));
            if (flush)
            {
                changes.Add(new DiskChange.FlushedFile(file));
            }
        }
    }

    public void Delete(string path) => Do(() => files.Delete(path), new DiskChange.Deleted(path));

    public void CreateFolder(string path, bool isRoot) => Do(() => files.CreateFolder(path, isRoot), new DiskChange.MadeFolder(path));

    public void Rename(string existing, string newPath, bool overwrite) =>
        Do(() => system.Rename(existing, newPath, overwrite), new DiskChange.Renamed(existing, newPath));

    public void FlushDirectory(string path) => Do(() => system.FlushDirectory(path), new DiskChange.FlushedFolder(path));

    public FileEntry? Stat(string path) => system.Stat(path);

    public bool TryExchange(string first, string second) => system.TryExchange(first, second);

    public bool TryCreateHardLink(string existing, string newPath) => system.TryCreateHardLink(existing, newPath);

    public void RestrictToUser(string path) => system.RestrictToUser(path);

    private void Do(Action action, DiskChange change)
    {
        lock (sync)
        {
            action();
            changes.Add(change);
        }
    }
}
