using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>The files that were read last, kept open: a restore reads thousands of chunks out of a few packs.</summary>
internal sealed class HandleCache(int capacity) : IDisposable
{
    private readonly Dictionary<string, LinkedListNode<(string Path, SafeFileHandle Handle)>> byPath = [];
    private readonly LinkedList<(string Path, SafeFileHandle Handle)> byAge = [];
    private readonly Lock sync = new();
    private bool disposed;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public SafeFileHandle Open(string path)
    {
        lock (sync)
        {
            if (byPath.TryGetValue(path, out var known))
            {
                if (!File.Exists(path))
                {
                    // An open handle outlives the name; what was removed must be missed.
                    Remove(known);
                    throw new FileNotFoundException(null, path);
                }

                byAge.Remove(known);
                byAge.AddFirst(known);
                return known.Value.Handle;
            }
        }

        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
        lock (sync)
        {
            if (disposed)
            {
                handle.Dispose();
                throw new ObjectDisposedException(nameof(HandleCache));
            }

            if (byPath.TryGetValue(path, out var known))
            {
                handle.Dispose();
                return known.Value.Handle;
            }

            byPath[path] = byAge.AddFirst((path, handle));
            if (byAge.Count > capacity)
            {
                Remove(byAge.Last!);
            }
        }

        return handle;
    }

    public void Forget(string path)
    {
        lock (sync)
        {
            if (byPath.TryGetValue(path, out var known))
            {
                Remove(known);
            }
        }
    }

    public void Dispose()
    {
        lock (sync)
        {
            disposed = true;
            while (byAge.Last is { } last)
            {
                Remove(last);
            }
        }
    }

    private void Remove(LinkedListNode<(string Path, SafeFileHandle Handle)> node)
    {
        byAge.Remove(node);
        byPath.Remove(node.Value.Path);
        node.Value.Handle.Dispose();
    }
}
