using System.Runtime.CompilerServices;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Bench;

/// <summary>Files like those of the product's own store, written without waiting for the disk: for corpora only.</summary>
internal sealed class UnflushedStore(string root) : IObjectStore
{
    public string Location => root;

    public Task<bool> PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, name);
        if (File.Exists(path))
        {
            return Task.FromResult(false);
        }

        Write(path, content);
        return Task.FromResult(true);
    }

    public Task<IReadOnlyList<Exception?>> PutManyAsync(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> objects, CancellationToken cancellationToken)
    {
        foreach (var (name, content) in objects)
        {
            Write(Path.Combine(root, name), content);
        }

        return Task.FromResult<IReadOnlyList<Exception?>>(new Exception?[objects.Count]);
    }

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, name);
        var temporary = path + ".new";
        Write(temporary, content);
        File.Move(temporary, path, overwrite: true);
        return Task.CompletedTask;
    }

    public Task ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => OverwriteAsync(name, content, cancellationToken);

    public async Task<byte[]?> GetAsync(string name, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, name);
        return File.Exists(path) ? await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false) : null;
    }

    public async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, name);
        if (!File.Exists(path))
        {
            return -1;
        }

        using var handle = File.OpenHandle(path);
        return await RandomAccess.ReadAsync(handle, buffer, offset, cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        var folder = new DirectoryInfo(Path.Combine(root, prefix));
        if (folder.Exists)
        {
            foreach (var file in folder.EnumerateFiles("*", SearchOption.AllDirectories))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return new ObjectInfo(Path.GetRelativePath(root, file.FullName).Replace('\\', '/'), file.Length);
            }
        }
    }

    public Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, name);
        var exists = File.Exists(path);
        File.Delete(path);
        return Task.FromResult(exists);
    }

    private static void Write(string path, ReadOnlyMemory<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        file.Write(content.Span);
    }
}
