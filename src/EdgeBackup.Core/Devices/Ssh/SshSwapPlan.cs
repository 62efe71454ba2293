using System.Formats.Tar;
using System.Globalization;
using System.Text;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>One step of a swap.</summary>
/// <param name="Operation">away: the old thing goes; make: a folder is made; place: a staged thing takes its place.</param>
/// <param name="Number">Its name in the stage.</param>
/// <param name="Path">The item's path.</param>
internal sealed record SwapStep(string Operation, int Number, string Path);

/// <summary>What a restore's swap does, worked out before anything is touched.</summary>
internal sealed class SshSwapPlan
{
    private readonly RestorePlan plan;
    private readonly IReadOnlyDictionary<string, RemoteEntry> entries;

    private SshSwapPlan(RestorePlan plan, IReadOnlyDictionary<string, RemoteEntry> entries, List<SwapStep> steps)
    {
        this.plan = plan;
        this.entries = entries;
        Steps = steps;
    }

    /// <summary>In the order in which they are done.</summary>
    public IReadOnlyList<SwapStep> Steps { get; }

    /// <summary>Refuses items that the device cannot take.</summary>
    /// <exception cref="EdgeBackupException">ItemPathInvalid or RestoreTargetMismatch, with the list.</exception>
    public static void Check(RestorePlan plan, IReadOnlyDictionary<string, RemoteEntry> entries, string device)
    {
        var items = plan.Items.Select(item => item.Saved.Item).ToList();
        var leaves = items.Where(item => item.Type != ItemType.Directory).Select(item => item.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (ItemPath.FindFault(item.Path) is { } fault)
            {
                throw new EdgeBackupException(ErrorIds.ItemPathInvalid, $"The item path '{item.Path}' is refused: {fault}. Nothing was restored.", item.Path);
            }
        }

        var faults = new List<FileNameFault>(FileNameRules.FindFaults(items.Select(item => item.Path), hasWindowsNames: false, isCaseSensitive: true));
        faults.AddRange(items.Select(item => FindObstacle(item, plan.Mode, leaves, entries) is { } obstacle ? new FileNameFault(item.Path, obstacle) : null).OfType<FileNameFault>());
        if (faults.Count > 0)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreTargetMismatch,
                $"Nothing was restored, because the device '{device}' cannot take these items: "
                + string.Join("; ", faults.Select(fault => $"'{fault.Path}' {fault.Reason}"))
                + ". Leave them out with -Path, or restore everything.",
                device);
        }
    }

    /// <summary>Works out the steps.</summary>
    /// <param name="plan">What is sent.</param>
    /// <param name="unchanged">Those of it that the device holds already.</param>
    /// <param name="entries">Everything that stands on the device.</param>
    /// <param name="live">The items among it, history included.</param>
    /// <param name="folders">Existing folders that are not listed: those above what is.</param>
    public static SshSwapPlan Make(
        RestorePlan plan, IReadOnlySet<string> unchanged, IReadOnlyDictionary<string, RemoteEntry> entries, IReadOnlyList<Item> live, IReadOnlySet<string> folders)
    {
        var sent = plan.Items.ToDictionary(item => item.Saved.Item.Path, item => item.Saved.Item, StringComparer.Ordinal);
        var needed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var item in sent.Values)
        {
            if (item.Type == ItemType.Directory)
            {
                needed.Add(item.Path);
            }

            for (var parent = SshItems.Parent(item.Path); parent.Length > 0; parent = SshItems.Parent(parent))
            {
                needed.Add(parent);
            }
        }

        var away = new SortedSet<string>(StringComparer.Ordinal);
        if (plan.Mode == RestoreMode.Replace)
        {
            // A folder goes only where nothing is left in it, which the device looks at itself.
            away.UnionWith(live
                .Where(item => item.Kind == ItemKind.Configuration && item.Retain != RetainLevel.None && !sent.ContainsKey(item.Path)
                    && !(item.Type == ItemType.Directory && needed.Contains(item.Path)))
                .Select(item => item.Path));
        }

        // What stands in the way of another kind of thing.
        away.UnionWith(sent.Values
            .Where(item => entries.TryGetValue(item.Path, out var entry) && (entry.Type == FileEntryType.Directory) != (item.Type == ItemType.Directory))
            .Select(item => item.Path));
        away.UnionWith(needed.Where(path => entries.TryGetValue(path, out var entry) && entry.Type != FileEntryType.Directory));

        var steps = new List<SwapStep>();
        var number = plan.Items.Count;
        steps.AddRange(away.Reverse().Select(path => new SwapStep("away", number++, path)));
        steps.AddRange(needed
            .Where(path => away.Contains(path) || !(folders.Contains(path) || (entries.TryGetValue(path, out var entry) && entry.Type == FileEntryType.Directory)))
            .Select(path => new SwapStep("make", number++, path)));
        for (var index = 0; index < plan.Items.Count; index++)
        {
            var item = plan.Items[index].Saved.Item;
            if (item.Type != ItemType.Directory && !unchanged.Contains(item.Path))
            {
                steps.Add(new SwapStep("place", index, item.Path));
            }
        }

        return new SshSwapPlan(plan, entries, steps);
    }

    /// <summary>The steps as the script reads them. A '/' at the end keeps blanks at a name's end.</summary>
    public static byte[] Journal(IEnumerable<SwapStep> steps)
    {
        var text = new StringBuilder();
        foreach (var step in steps)
        {
            text.Append(CultureInfo.InvariantCulture, $"{step.Operation} {step.Number} ./{step.Path}/\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>A tar of the folders that are sent, with the modes and times that they shall have.</summary>
    public Task<byte[]> FoldersAsync() => PackAsync(plan.Items
        .Select(item => item.Saved.Item)
        .Where(item => item.Type == ItemType.Directory)
        .Select(item => (item.Path, item.UnixMode ?? DefaultMode, item.Modified)));

    /// <summary>The same folders with the modes and times that they have.</summary>
    public Task<byte[]> FoldersBeforeAsync() => PackAsync(plan.Items
        .Where(item => item.Saved.Item.Type == ItemType.Directory && entries.TryGetValue(item.Saved.Item.Path, out var entry) && entry.Type == FileEntryType.Directory)
        .Select(item => (item.Saved.Item.Path, entries[item.Saved.Item.Path].UnixMode, entries[item.Saved.Item.Path].Modified)));

    /// <summary>Whose a thing will be: as what stands there, else as the folder that it comes into.</summary>
    public static (int Owner, int Group) OwnerOf(string path, IReadOnlyDictionary<string, RemoteEntry> entries)
    {
        for (var at = path; ; at = SshItems.Parent(at))
        {
            if (entries.TryGetValue(at, out var entry))
            {
                return (entry.Owner, entry.Group);
            }

            if (at.Length == 0)
            {
                return (0, 0);
            }
        }
    }

    /// <summary>rwxr-xr-x, for a backup from a system without modes.</summary>
    private const int DefaultMode = 0x1ED;

    private async Task<byte[]> PackAsync(IEnumerable<(string Path, int Mode, DateTimeOffset? Modified)> folders)
    {
        using var bytes = new MemoryStream();
        var tar = new TarWriter(bytes, TarEntryFormat.Gnu, leaveOpen: true);
        await using (tar.ConfigureAwait(false))
        {
            // Deepest first: entering one moves no time of those above.
            foreach (var (path, mode, modified) in folders.OrderByDescending(folder => folder.Path, StringComparer.Ordinal))
            {
                var (owner, group) = OwnerOf(path, entries);
                await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.Directory, "./" + path + "/")
                {
                    Mode = (UnixFileMode)mode,
                    ModificationTime = SshUpload.TimeOf(modified),
                    Uid = owner,
                    Gid = group,
                }).ConfigureAwait(false);
            }
        }

        return bytes.ToArray();
    }

    private static string? FindObstacle(Item item, RestoreMode mode, HashSet<string> leaves, IReadOnlyDictionary<string, RemoteEntry> entries)
    {
        if (item.Path == FolderDevice.TransactionsFile)
        {
            return "is the device's list of running transactions, which is never restored";
        }

        if (item.Path.Contains('\n', StringComparison.Ordinal))
        {
            return "has a line break in its name";
        }

        if (item.Type == ItemType.SymbolicLink && string.IsNullOrEmpty(item.LinkTarget))
        {
            return "is a link without a target";
        }

        for (var parent = SshItems.Parent(item.Path); parent.Length > 0; parent = SshItems.Parent(parent))
        {
            if (leaves.Contains(parent))
            {
                return $"lies below '{parent}', which the backup holds as a file or a link";
            }

            // An overlay removes nothing that it does not send.
            if (mode == RestoreMode.Overlay && entries.TryGetValue(parent, out var above) && above.Type != FileEntryType.Directory)
            {
                return $"lies below '{parent}', which is a file or a link on the device and would be lost";
            }
        }

        return mode == RestoreMode.Overlay
            && item.Type != ItemType.Directory
            && entries.TryGetValue(item.Path, out var entry)
            && entry.Type == FileEntryType.Directory
            && entries.Keys.Any(path => path.StartsWith(item.Path + "/", StringComparison.Ordinal))
                ? "is a folder with contents there, which would be lost"
                : null;
    }
}
