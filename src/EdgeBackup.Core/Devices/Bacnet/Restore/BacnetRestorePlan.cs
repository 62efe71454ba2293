using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Whether a restore is one that a BACnet device can take: whole, and made of what a capture of such a device gives.</summary>
internal static class BacnetRestorePlan
{
    private const int ListedFaults = 20;

    /// <exception cref="EdgeBackupException">RestoreTargetMismatch.</exception>
    public static void Check(BacnetDeviceErrors errors, RestorePlan plan)
    {
        if (plan.Mode != RestoreMode.Replace)
        {
            throw errors.Create(
                ErrorIds.RestoreTargetMismatch,
                "a BACnet device is restored whole, since its configuration files belong together (R13). Leave -Path out, or write single files to a folder with -Destination");
        }

        if (plan.Items.Count == 0)
        {
            throw errors.Create(ErrorIds.RestoreTargetMismatch, "the backup holds no configuration files to restore. Choose another backup");
        }

        var positions = new HashSet<int>();
        var faults = plan.Items
            .Select(item => (item.Saved.Item.Path, Fault: FindFault(item.Saved.Item, positions)))
            .Where(entry => entry.Fault is not null)
            .Select(entry => $"'{entry.Path}': {entry.Fault}")
            .ToList();
        if (faults.Count > 0)
        {
            throw errors.Create(
                ErrorIds.RestoreTargetMismatch,
                $"{faults.Count} of the items are no configuration files of a BACnet device ({string.Join("; ", faults.Take(ListedFaults))}{(faults.Count > ListedFaults ? "; and more" : "")}). Choose a backup of such a device");
        }
    }

    private static string? FindFault(Item item, HashSet<int> positions) =>
        item.Type != ItemType.File || BacnetItemPath.TryParse(item.Path) is not { } place ? "it is not named like one"
        : !positions.Add(place.Position) ? $"another one has the position {place.Position} too"
        : item.Length > int.MaxValue ? "it is longer than BACnet can number its bytes"
        : null;
}
