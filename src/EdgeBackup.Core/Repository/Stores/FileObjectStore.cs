using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// Objects as files below a folder, which is made when the first object is written. A file is written beside under
/// <c>tmp/</c>, flushed, and renamed without overwriting; then its folder is flushed.
/// </summary>
public sealed class FileObjectStore : IObjectStore, IFolderStore, ILeftoverStore, IDisposable
{
    private const string TemporaryFolder = "tmp";
    private const int OpenHandles = 32;
    private const int ParallelWrites = 8;
    private static readonly EnumerationOptions AllEntries = new() { AttributesToSkip = 0, IgnoreInaccessible = false };
    private static readonly TimeSpan ForeignLeftoverAge = TimeSpan.FromDays(2);

    private readonly IPlatform platform;
    private readonly FolderStamps stamps;
    private readonly IStoreFiles files;
    private readonly HandleCache handles;
    private readonly ProcessIdentity self = ProcessIdentity.Current();
    private readonly string writerId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 6));
    private readonly Lock folderSync = new();
    private readonly int nameStart;
    private long temporaryCount;

    /// <param name="path">The repository's folder, absolute.</param>
    /// <param name="platform">For durability and access.</param>
    public FileObjectStore(string path, IPlatform platform)
        : this(path, platform, new SystemStoreFiles(platform))
    {
    }

    internal FileObjectStore(string path, IPlatform platform, IStoreFiles files)
    {
        this.files = files;
        Location = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

        // The root of a volume keeps its separator.
        nameStart = Path.EndsInDirectorySeparator(Location) ? Location.Length : Location.Length + 1;
        this.platform = platform;
        stamps = new FolderStamps(platform);
        handles = new HandleCache(OpenHandles, platform);
    }

    public string Location { get; }

    public Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        return Task.Run(
            () => Write(() =>
            {
                var isNew = Put(name, content);
                platform.FlushDirectory(FolderOf(name));
                return isNew;
            }),
            cancellationToken);
    }

    public Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken)
    {
        foreach (var (name, _) in objects)
        {
            ObjectName.Check(name);
        }

        return Task.Run<IReadOnlyList<Exception?>>(
            async () =>
            {
                // Flushes that wait at the same time share the file system's journal commits.
                var options = new ParallelOptions { MaxDegreeOfParallelism = ParallelWrites, CancellationToken = cancellationToken };
                var faults = new Exception?[objects.Count];
                await Parallel.ForAsync(0, objects.Count, options, (index, _) =>
                {
                    faults[index] = Try(() => Put(objects[index].Name, objects[index].Content));
                    return ValueTask.CompletedTask;
                }).ConfigureAwait(false);
                var folders = Enumerable.Range(0, objects.Count).Where(index => faults[index] is null).GroupBy(index => FolderOf(objects[index].Name));
                await Parallel.ForEachAsync(folders, options, (folder, _) =>
                {
                    var fault = Try(() =>
                    {
                        platform.FlushDirectory(folder.Key);
                        return true;
                    });
                    foreach (var index in folder)
                    {
                        faults[index] = fault;
                    }

                    return ValueTask.CompletedTask;
                }).ConfigureAwait(false);
                return faults;
            },
            cancellationToken);
    }

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        return Task.Run(
            () => Write(() =>
            {
                EnsureFolder(FolderOf(name));

                // Not flushed: a lease only has to be seen by the living, and its owner does not outlive the machine.
                var temporary = WriteTemporary(content, flush: false);
                Rename(temporary, PathOf(name), overwrite: true);
                handles.Forget(PathOf(name));
                return true;
            }),
            cancellationToken);
    }

    public Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        return Task.Run(
            () => Write(() =>
            {
                EnsureFolder(FolderOf(name));
                Rename(WriteTemporary(content, flush: true), PathOf(name), overwrite: true);
                handles.Forget(PathOf(name));
                platform.FlushDirectory(FolderOf(name));
                return true;
            }),
            cancellationToken);
    }

    public async Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        try
        {
            // Nobody who reads keeps another process from renaming over a lease or removing what has expired (Windows).
            var stream = new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
            await using var lease = stream.ConfigureAwait(false);
            var content = new byte[stream.Length];
            await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            return content;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new IOException($"Access to '{name}' in '{Location}' is denied.", exception);
        }
    }

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(name);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var handle = handles.Open(path);
                var total = 0;
                while (total < buffer.Length)
                {
                    var read = RandomAccess.Read(handle, buffer.Span[total..], offset + total);
                    if (read == 0)
                    {
                        break;
                    }

                    total += read;
                }

                return ValueTask.FromResult(total);
            }
            catch (ObjectDisposedException) when (attempt < 3)
            {
                // Another reader pushed the handle out of the cache between opening and reading.
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                return ValueTask.FromResult(-1);
            }
            catch (UnauthorizedAccessException exception)
            {
                throw new IOException($"Access to '{name}' in '{Location}' is denied.", exception);
            }
        }
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ObjectName.CheckPrefix(prefix);
        var folder = PathOf(prefix[..^1]);
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        await Task.CompletedTask.ConfigureAwait(false);
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };
        var entries = new FileSystemEnumerable<(string Path, long Length)>(folder, (ref FileSystemEntry entry) => (entry.ToFullPath(), entry.Length), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
        };
        foreach (var (path, length) in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = path[nameStart..].Replace(Path.DirectorySeparatorChar, '/');

            // What somebody else put there (a file manager's droppings) is no object.
            if (ObjectName.IsValid(name))
            {
                yield return new ObjectInfo(name, length);
            }
        }
    }

    public Task<IReadOnlyList<FolderInfo>> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectName.CheckPrefix(prefix);
        return Task.Run<IReadOnlyList<FolderInfo>>(
            () =>
            {
                var parent = PathOf(prefix[..^1]);
                var folders = new List<FolderInfo>();
                if (!Directory.Exists(parent))
                {
                    return folders;
                }

                var areTold = FolderStamps.AreToldIn(parent);
                var now = DateTime.UtcNow;
                foreach (var path in Directory.EnumerateDirectories(parent, "*", AllEntries))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var name = path[nameStart..].Replace(Path.DirectorySeparatorChar, '/');
                    if (ObjectName.IsValid(name))
                    {
                        folders.Add(new FolderInfo(name + "/", areTold ? stamps.Read(path, now) : null));
                    }
                }

                return folders;
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListNamesAsync(string folder, CancellationToken cancellationToken)
    {
        ObjectName.CheckPrefix(folder);
        return Task.Run<IReadOnlyList<string>>(
            () =>
            {
                var path = PathOf(folder[..^1]);
                try
                {
                    // Without their lengths, for which every file would have to be looked at.
                    return Directory.Exists(path)
                        ? new FileSystemEnumerable<string>(path, (ref FileSystemEntry entry) => folder + entry.FileName.ToString(), AllEntries)
                        {
                            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
                        }.Where(ObjectName.IsValid).ToList()
                        : [];
                }
                catch (DirectoryNotFoundException)
                {
                    return [];
                }
            },
            cancellationToken);
    }

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        ObjectName.Check(name);
        return Task.Run(
            () => Write(() =>
            {
                var path = PathOf(name);
                handles.Forget(path);
                if (!File.Exists(path))
                {
                    return false;
                }

                SharingRetry.Run(() => files.Delete(path));
                platform.FlushDirectory(FolderOf(name));
                return true;
            }),
            cancellationToken);
    }

    public Task<int> RemoveLeftoversAsync(CancellationToken cancellationToken) => Task.Run(
        () => Write(() =>
        {
            var folder = new DirectoryInfo(Path.Combine(Location, TemporaryFolder));
            var removed = 0;
            foreach (var file in folder.Exists ? folder.EnumerateFiles() : [])
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (IsLeftover(file))
                {
                    SharingRetry.Run(() => files.Delete(file.FullName));
                    removed++;
                }
            }

            return removed;
        }),
        cancellationToken);

    public void Dispose() => handles.Dispose();

    private bool IsLeftover(FileInfo file)
    {
        var parts = file.Name.Split('.');
        if (parts.Length != 5 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            return false;
        }

        if (parts[0] != ProcessIdentity.Shorten(self.Scope))
        {
            // Removing the file of a living writer far away only fails that one write; nothing is lost by it.
            return DateTime.UtcNow - file.LastWriteTimeUtc > ForeignLeftoverAge;
        }

        return ProcessIdentity.ReadStart(pid) is not { } start || (start != ProcessIdentity.Unknown && ProcessIdentity.Shorten(start) != parts[2]);
    }

    private bool Put(string name, ReadOnlyMemory<byte> content)
    {
        var path = PathOf(name);
        if (File.Exists(path))
        {
            return false;
        }

        EnsureFolder(FolderOf(name));
        var temporary = WriteTemporary(content, flush: true);
        return Rename(temporary, path, overwrite: false);
    }

    private bool Rename(string temporary, string path, bool overwrite)
    {
        try
        {
            SharingRetry.Run(() => platform.Rename(temporary, path, overwrite));
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(path))
        {
            RemoveTemporary(temporary);
            return false;
        }
        catch
        {
            RemoveTemporary(temporary);
            throw;
        }
    }

    private void RemoveTemporary(string path)
    {
        try
        {
            SharingRetry.Run(() => files.Delete(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Why it was not written is more to know than this; a leftover is removed by maintenance.
        }
    }

    private string WriteTemporary(ReadOnlyMemory<byte> content, bool flush)
    {
        var folder = Path.Combine(Location, TemporaryFolder);
        EnsureFolder(folder);
        var number = Interlocked.Increment(ref temporaryCount);
        var path = Path.Combine(folder, string.Create(
            CultureInfo.InvariantCulture,
            $"{ProcessIdentity.Shorten(self.Scope)}.{self.Pid}.{ProcessIdentity.Shorten(self.Start)}.{writerId}.{number}"));
        try
        {
            files.Create(path, content.Span, flush);
        }
        catch
        {
            RemoveTemporary(path);
            throw;
        }

        return path;
    }

    private void EnsureFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        lock (folderSync)
        {
            var missing = new Stack<string>();
            for (var current = folder; current is not null && !Directory.Exists(current); current = Path.GetDirectoryName(current))
            {
                missing.Push(current);
            }

            foreach (var current in missing)
            {
                files.CreateFolder(current, isRoot: current == Location);
                if (Path.GetDirectoryName(current) is { } parent)
                {
                    FlushParent(parent);
                }
            }
        }
    }

    private void FlushParent(string parent)
    {
        try
        {
            platform.FlushDirectory(parent);
        }
        catch (IOException) when (!parent.StartsWith(Location, StringComparison.Ordinal))
        {
            // A folder above the repository may be one that we can pass through and not open; its owner keeps it.
        }
    }

    /// <returns>Why the action failed; null when it did not.</returns>
    private Exception? Try(Func<bool> action)
    {
        try
        {
            Write(action);
            return null;
        }
        catch (Exception exception) when (exception is IOException or EdgeBackupException or UnauthorizedAccessException)
        {
            return exception;
        }
    }

    private T Write<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception) when (StoreFault.Translate(exception, Location) is { } fault)
        {
            throw fault;
        }
    }

    private string PathOf(string name) => Path.Combine(Location, name.Replace('/', Path.DirectorySeparatorChar));

    private string FolderOf(string name) => Path.GetDirectoryName(PathOf(name))!;
}
