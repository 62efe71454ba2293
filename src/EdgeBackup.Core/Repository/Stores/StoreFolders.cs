using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>Makes the folders of a <see cref="FileObjectStore"/>, so that each is durable before anything is put into it.</summary>
internal sealed class StoreFolders(string root, IPlatform platform, IStoreFiles files)
{
    private readonly Lock sync = new();

    /// <summary>Makes a folder, and those above it that are missing, the root among them.</summary>
    public void Ensure(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        lock (sync)
        {
            var missing = new Stack<string>();
            for (var current = folder; current is not null && !Directory.Exists(current); current = Path.GetDirectoryName(current))
            {
                missing.Push(current);
            }

            foreach (var current in missing)
            {
                files.CreateFolder(current, isRoot: current == root);
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
        catch (IOException) when (!parent.StartsWith(root, StringComparison.Ordinal))
        {
            // A folder above the repository may be one that we can pass through and not open; its owner keeps it.
        }
    }
}
