using System.IO.Enumeration;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>What a <see cref="FileObjectStore"/> holds, found in its folders. What somebody else put there (a file manager's droppings) is no object.</summary>
internal sealed class FileListing(string root, IPlatform platform)
{
    private static readonly EnumerationOptions ThisFolder = new() { AttributesToSkip = 0, IgnoreInaccessible = false };
    private static readonly EnumerationOptions AllBelow = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly FolderStamps stamps = new(platform);

    // The root of a volume keeps its separator.
    private readonly int nameStart = Path.EndsInDirectorySeparator(root) ? root.Length : root.Length + 1;

    /// <summary>All objects below a folder.</summary>
    public IEnumerable<ObjectInfo> ListObjects(string folder)
    {
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        var entries = new FileSystemEnumerable<(string Path, long Length)>(folder, (ref FileSystemEntry entry) => (entry.ToFullPath(), entry.Length), AllBelow)
        {
            ShouldIncludePredicate = IsFile,
        };
        foreach (var (path, length) in entries)
        {
            var name = ToName(path);
            if (ObjectName.IsValid(name))
            {
                yield return new ObjectInfo(name, length);
            }
        }
    }

    /// <summary>The folders in a folder, with their stamps where the file system tells when one changed.</summary>
    public List<FolderInfo> ListFolders(string parent, CancellationToken cancellationToken)
    {
        var folders = new List<FolderInfo>();
        if (!Directory.Exists(parent))
        {
            return folders;
        }

        var areTold = FolderStamps.AreToldIn(parent);
        var now = DateTime.UtcNow;
        foreach (var path in Directory.EnumerateDirectories(parent, "*", ThisFolder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = ToName(path);
            if (ObjectName.IsValid(name))
            {
                folders.Add(new FolderInfo(name + "/", areTold ? stamps.Read(path, now) : null));
            }
        }

        return folders;
    }

    /// <summary>The names of the objects in a folder, without their lengths, for which every file would have to be looked at.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="prefix">What its objects' names begin with.</param>
    public static List<string> ListNames(string path, string prefix)
    {
        try
        {
            return Directory.Exists(path)
                ? [.. new FileSystemEnumerable<string>(path, (ref FileSystemEntry entry) => prefix + entry.FileName.ToString(), ThisFolder) { ShouldIncludePredicate = IsFile }.Where(ObjectName.IsValid)]
                : [];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static bool IsFile(ref FileSystemEntry entry) => !entry.IsDirectory;

    private string ToName(string path) => path[nameStart..].Replace(Path.DirectorySeparatorChar, '/');
}
