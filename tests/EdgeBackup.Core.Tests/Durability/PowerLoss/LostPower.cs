using EdgeBackup.Core.Repository.Stores;
using EdgeBackup.Core.Tests.Repository;

namespace EdgeBackup.Core.Tests.Durability.PowerLoss;

/// <summary>How the choice falls where a disk is free to keep or to forget.</summary>
internal enum Luck
{
    /// <summary>All that was not flushed is gone.</summary>
    AllLost,

    /// <summary>All entries are there, and no bytes that were not flushed.</summary>
    EntriesWithoutBytes,

    /// <summary>Any of it.</summary>
    Random,
}

/// <summary>
/// What may stand on a disk when the power fails. Of what was not flushed, any part is kept: bytes may be missing, cut or
/// something else; of the changes to a folder's entries since its last flush any may be there, whatever came first.
/// A rename's two halves are two such changes. Nothing is taken back that was flushed.
/// </summary>
internal static class LostPower
{
    /// <param name="before">The disk before the first change: paths and bytes, all of them flushed.</param>
    /// <param name="folders">The folders of then, those without a file too.</param>
    /// <param name="changes">Up to the moment.</param>
    /// <param name="root">The repository's folder.</param>
    /// <param name="luck">What is kept.</param>
    /// <param name="random">For what is left to chance.</param>
    /// <returns>The objects that a process finds after the power has come back.</returns>
    public static MemoryObjectStore Remains(
        IReadOnlyDictionary<string, byte[]> before, IEnumerable<string> folders, IEnumerable<DiskChange> changes, string root, Luck luck, Random random)
    {
        var disk = new Disk(luck, random);
        foreach (var (path, content) in before)
        {
            disk.Hold(path, content);
        }

        foreach (var folder in folders)
        {
            disk.HoldFolder(folder);
        }

        foreach (var change in changes)
        {
            disk.Apply(change);
        }

        var store = new MemoryObjectStore();
        foreach (var (path, content) in disk.Remains(root))
        {
            var name = Path.GetRelativePath(root, path).Replace('\\', '/');
            if (ObjectName.IsValid(name) && !name.StartsWith("tmp/", StringComparison.Ordinal))
            {
                store.Objects[name] = content;
            }
        }

        return store;
    }

    /// <summary>A change to one name in one folder. Null: the name goes.</summary>
    private sealed record EntryChange(string Path, int? File);

    private sealed class Disk(Luck luck, Random random)
    {
        private readonly Dictionary<string, int> kept = [];
        private readonly Dictionary<string, int> seen = [];
        private readonly Dictionary<string, List<EntryChange>> pending = [];
        private readonly HashSet<string> keptFolders = [];
        private readonly HashSet<string> allFolders = [];
        private readonly Dictionary<int, byte[]> contents = [];
        private readonly HashSet<int> flushed = [];

        public void Hold(string path, byte[] content)
        {
            var file = -1 - contents.Count;
            contents[file] = content;
            flushed.Add(file);
            kept[path] = seen[path] = file;
            HoldFolder(Path.GetDirectoryName(path));
        }

        /// <summary>Holds a folder, and those above it.</summary>
        public void HoldFolder(string? path)
        {
            for (var folder = path; folder is not null && keptFolders.Add(folder); folder = Path.GetDirectoryName(folder))
            {
                allFolders.Add(folder);
            }
        }

        public void Apply(DiskChange change)
        {
            switch (change)
            {
                case DiskChange.Made made:
                    contents[made.File] = [];
                    Change(made.Path, made.File);
                    break;
                case DiskChange.Wrote wrote:
                    contents[wrote.File] = wrote.Content;
                    break;
                case DiskChange.FlushedFile file:
                    flushed.Add(file.File);
                    break;
                case DiskChange.Renamed renamed:
                    Change(renamed.To, seen[renamed.From]);
                    Change(renamed.From, null);
                    break;
                case DiskChange.Deleted deleted:
                    Change(deleted.Path, null);
                    break;
                case DiskChange.MadeFolder folder:
                    allFolders.Add(folder.Path);
                    break;
                case DiskChange.FlushedFolder folder:
                    Flush(folder.Path);
                    break;
                default:
                    break;
            }
        }

        public IEnumerable<(string Path, byte[] Content)> Remains(string root)
        {
            foreach (var change in pending.Values.SelectMany(changes => changes).Where(_ => Happens()))
            {
                Keep(change);
            }

            foreach (var folder in allFolders.Where(folder => !keptFolders.Contains(folder)).ToList())
            {
                if (Happens())
                {
                    keptFolders.Add(folder);
                }
            }

            foreach (var (path, file) in kept)
            {
                if (path.StartsWith(root, StringComparison.Ordinal) && HasFolders(path, root))
                {
                    yield return (path, flushed.Contains(file) ? contents[file] : Tear(contents[file]));
                }
            }
        }

        private void Change(string path, int? file)
        {
            var folder = Path.GetDirectoryName(path)!;
            if (!pending.TryGetValue(folder, out var changes))
            {
                pending.Add(folder, changes = []);
            }

            changes.Add(new EntryChange(path, file));
            if (file is { } now)
            {
                seen[path] = now;
            }
            else
            {
                seen.Remove(path);
            }
        }

        private void Flush(string folder)
        {
            if (pending.Remove(folder, out var changes))
            {
                changes.ForEach(Keep);
            }

            keptFolders.UnionWith(allFolders.Where(made => Path.GetDirectoryName(made) == folder));
        }

        private void Keep(EntryChange change)
        {
            if (change.File is { } file)
            {
                kept[change.Path] = file;
            }
            else
            {
                kept.Remove(change.Path);
            }
        }

        private bool HasFolders(string path, string root)
        {
            for (var folder = Path.GetDirectoryName(path); folder is not null && folder.Length >= root.Length; folder = Path.GetDirectoryName(folder))
            {
                if (!keptFolders.Contains(folder))
                {
                    return false;
                }
            }

            return true;
        }

        private bool Happens() => luck switch
        {
            Luck.AllLost => false,
            Luck.EntriesWithoutBytes => true,
            _ => random.Next(2) == 0,
        };

        private byte[] Tear(byte[] content)
        {
            if (luck != Luck.Random)
            {
                return [];
            }

            switch (random.Next(4))
            {
                case 0:
                    return content;
                case 1:
                    return content[..random.Next(content.Length + 1)];
                case 2:
                    return new byte[content.Length];
                default:
                    var torn = (byte[])content.Clone();
                    var start = random.Next(torn.Length + 1);
                    random.NextBytes(torn.AsSpan(start, Math.Min(512, torn.Length - start)));
                    return torn;
            }
        }
    }
}
