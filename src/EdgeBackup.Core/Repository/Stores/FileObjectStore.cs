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
    private const int OpenHandles = 32;
    private const int ParallelWrites = 8;

    private readonly IPlatform platform;
    private readonly IStoreFiles files;
    private readonly StoreFolders folders;
    private readonly TemporaryFiles temporary;
    private readonly FileListing listing;
    private readonly HandleCache handles;

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
        this.platform = platform;
        folders = new StoreFolders(Location, platform, files);
        temporary = new TemporaryFiles(Location, platform, files, folders);
        listing = new FileListing(Location, platform);
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
                var byFolder = Enumerable.Range(0, objects.Count).Where(index => faults[index] is null).GroupBy(index => FolderOf(objects[index].Name));
                await Parallel.ForEachAsync(byFolder, options, (folder, _) =>
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
                // Not flushed: a lease only has to be seen by the living, and its owner does not outlive the machine.
                folders.Ensure(FolderOf(name));
                temporary.Place(PathOf(name), content, flush: false, overwrite: true);
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
                folders.Ensure(FolderOf(name));
                temporary.Place(PathOf(name), content, flush: true, overwrite: true);
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
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (var entry in listing.ListObjects(PathOf(prefix[..^1])))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    public Task<IReadOnlyList<FolderInfo>> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        ObjectName.CheckPrefix(prefix);
        return Task.Run<IReadOnlyList<FolderInfo>>(() => listing.ListFolders(PathOf(prefix[..^1]), cancellationToken), cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListNamesAsync(string folder, CancellationToken cancellationToken)
    {
        ObjectName.CheckPrefix(folder);
        return Task.Run<IReadOnlyList<string>>(() => FileListing.ListNames(PathOf(folder[..^1]), folder), cancellationToken);
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

    public Task<int> RemoveLeftoversAsync(CancellationToken cancellationToken) =>
        Task.Run(() => Write(() => temporary.RemoveLeftovers(cancellationToken)), cancellationToken);

    public void Dispose() => handles.Dispose();

    private bool Put(string name, ReadOnlyMemory<byte> content)
    {
        var path = PathOf(name);
        if (File.Exists(path))
        {
            return false;
        }

        folders.Ensure(FolderOf(name));
        return temporary.Place(path, content, flush: true, overwrite: false);
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
