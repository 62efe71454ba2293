using EdgeBackup.Core.Platform;
using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// The files that were read last, kept open: a restore reads thousands of chunks out of a few packs. An open handle
/// outlives its name, so each time it is held against the file that has the name now.
/// </summary>
internal sealed class HandleCache(int capacity, IPlatform platform) : IDisposable
{
    private readonly Dictionary<string, LinkedListNode<Kept>> byPath = [];
    private readonly LinkedList<Kept> byAge = [];
    private readonly Lock sync = new();
    private bool disposed;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public SafeFileHandle Open(string path)
    {
        // Before it is opened: what is put in its place in between looks different the next time.
        if (platform.Stat(path) is not { } now)
        {
            Forget(path);
            throw new FileNotFoundException(null, path);
        }

        lock (sync)
        {
            if (byPath.TryGetValue(path, out var known))
            {
                if (known.Value.Entry == now)
                {
                    byAge.Remove(known);
                    byAge.AddFirst(known);
                    return known.Value.Handle;
                }

                // Somebody mended it, or brought back a copy.
                Remove(known);
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
                if (known.Value.Entry == now)
                {
                    handle.Dispose();
                    return known.Value.Handle;
                }

                Remove(known);
            }

            byPath[path] = byAge.AddFirst(new Kept(path, handle, now));
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

    private void Remove(LinkedListNode<Kept> node)
    {
        byAge.Remove(node);
        byPath.Remove(node.Value.Path);
        node.Value.Handle.Dispose();
    }

    /// <param name="Path">Absolute.</param>
    /// <param name="Handle">Open for reading.</param>
    /// <param name="Entry">What stood at the path before it was opened.</param>
    private sealed record Kept(string Path, SafeFileHandle Handle, FileEntry Entry);
}
