using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations;

/// <summary>An item of the device as a type's rules see it.</summary>
/// <param name="Item">With kind and retain level as the rules want them.</param>
/// <param name="Rule">The path of the rule that holds for it; null where none does.</param>
/// <param name="LeftOut">Why no backup holds it; null for one that is saved.</param>
public sealed record TriedItem(Item Item, string? Rule, string? LeftOut);

/// <summary>What a type makes of a device.</summary>
public sealed record DeviceTypeTrial
{
    public required DeviceIdentity Identity { get; init; }

    /// <summary>Why the version is not supported; null where it is.</summary>
    public string? VersionFault { get; init; }

    /// <summary>Why a backup would wait now; null where it would begin.</summary>
    public string? GateReason { get; init; }

    /// <summary>In the order of their paths, without the folders that hold others.</summary>
    public required IReadOnlyList<TriedItem> Items { get; init; }

    /// <summary>The paths of the rules that hold for nothing on this device.</summary>
    public required IReadOnlyList<string> UnusedRules { get; init; }

    /// <summary>What somebody who writes a type should look at, one sentence each.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}

/// <summary>
/// Tries a type on a live device: <c>Test-EdgeDeviceType -Device</c>. It asks and lists; it takes no hold, runs none of the
/// commands around captures and restores, and writes nothing anywhere.
/// </summary>
/// <param name="connections">Makes the connection.</param>
public sealed class TryDeviceType(IConnectionFactory connections)
{
    /// <summary>Tries.</summary>
    /// <param name="connection">How the device is reached.</param>
    /// <param name="findType">Finds the type for the id that the device tells; null for none.</param>
    /// <param name="given">The type that the user named; null to take the device's word.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">DeviceUnreachable, DeviceAuthenticationFailed, DeviceResponseInvalid; DeviceRegistrationMismatch: the device says that it is of another type.</exception>
    public async Task<DeviceTypeTrial> RunAsync(ConnectionOptions connection, DeviceType? given, Func<string, CancellationToken, Task<DeviceType?>> findType, CancellationToken cancellationToken)
    {
        // Without rules, so that what they leave out is seen; without commands, which change something on the device.
        var device = connections.Connect(connection with { IsTrial = true, Definition = given is null ? null : given with { Items = [], Commands = new DeviceCommands() } });
        await using var lease = device.ConfigureAwait(false);
        var status = await device.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var type = await FindTypeAsync(connection, given, status.Identity, findType, cancellationToken).ConfigureAwait(false);
        var decision = TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin);
        var rules = new ItemRuleSet(type.Items);
        var items = new List<TriedItem>();
        var used = new HashSet<ItemRule>(ReferenceEqualityComparer.Instance);
        var capture = await device.BeginCaptureAsync(BackupContent.All, cancellationToken).ConfigureAwait(false);
        await using var captureLease = capture.ConfigureAwait(false);
        await foreach (var item in capture.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            var rule = rules.Find(item.Path);
            if (rule is not null)
            {
                used.Add(rule);
            }

            if (!item.IsContainer)
            {
                items.Add(Judge(item, rules.Apply(item), rule));
            }
        }

        items.AddRange(capture.NotSaved.Select(lost => new TriedItem(new Item { Path = lost.Path }, rules.Find(lost.Path)?.Path, lost.Reason)));
        return new DeviceTypeTrial
        {
            Identity = status.Identity,
            VersionFault = VersionGate.FindFault(type, status.Identity.Version),
            GateReason = decision.IsIdle ? null : decision.Reason,
            Items = [.. items.OrderBy(item => item.Item.Path, StringComparer.Ordinal)],
            UnusedRules = [.. type.Items.Where(rule => !used.Contains(rule)).Select(rule => rule.Path)],
            Warnings = [.. FindWarnings(type, status, connection.Address.Kind, items, used)],
        };
    }

    private static async Task<DeviceType> FindTypeAsync(ConnectionOptions connection, DeviceType? given, DeviceIdentity identity, Func<string, CancellationToken, Task<DeviceType?>> findType, CancellationToken cancellationToken)
    {
        if (given is not null)
        {
            return given.Id == identity.Type ? given : throw new EdgeBackupException(
                ErrorIds.DeviceRegistrationMismatch,
                $"The device at {connection.Address.Text} says that its type is '{identity.Type}', not '{given.Id}': only the type that it names will ever be used for it. Give the type that id, or check the address.",
                connection.Address.Text);
        }

        return await findType(identity.Type, cancellationToken).ConfigureAwait(false) ?? throw new EdgeBackupException(
            ErrorIds.DeviceResponseInvalid,
            $"The device type '{identity.Type}' is not known for {connection.Address.Text}. Get-EdgeDeviceType lists the known ones; -Type takes a file.",
            connection.Address.Text);
    }

    private static TriedItem Judge(Item listed, Item? ruled, ItemRule? rule) =>
        ruled is null ? new TriedItem(listed, rule?.Path, "The rule excludes it.")
        : ruled.Retain == RetainLevel.None ? new TriedItem(ruled, rule?.Path, "Its retain level is None.")
        : new TriedItem(ruled, rule?.Path, LeftOut: null);

    private static IEnumerable<string> FindWarnings(DeviceType type, DeviceStatus status, ConnectionKind kind, List<TriedItem> items, HashSet<ItemRule> used)
    {
        if (!status.Identity.IsOwnId)
        {
            yield return "The device tells no id of its own, so that replaced hardware is not noticed. 'identity.id' says where one is.";
        }

        if (status.Identity.Version is null)
        {
            yield return "The device tells no version. 'identity.version' says where one is.";
        }

        // What a command makes for each capture cannot be there now, and says nothing against the type.
        var isPrepared = kind == ConnectionKind.Ssh && type.Commands.BeforeCapture.Count > 0;
        if (!isPrepared && items.TrueForAll(item => item.LeftOut is not null))
        {
            yield return "Nothing would be saved.";
        }

        foreach (var rule in type.Items.Where(rule => !used.Contains(rule)))
        {
            var pattern = new PathPattern(rule.Path);
            if (items.FirstOrDefault(item => pattern.IsMatch(item.Item.Path)) is { } taken)
            {
                yield return $"The rule '{rule.Path}' fits {taken.Item.Path}, but '{taken.Rule}' stands before it and takes all that it fits.";
            }
        }

        var missing = type.Items.Where(rule => rule.Required && !HasContent(rule)).Select(rule => $"'{rule.Path}'").ToList();
        if (isPrepared)
        {
            yield return "The commands of 'beforeCapture' were not run; what they make is not in the list."
                + (missing.Count == 0 ? "" : $" They must make {string.Join(", ", missing)}, which {(missing.Count == 1 ? "is" : "are")} required.");
            yield break;
        }

        foreach (var path in missing)
        {
            yield return $"{path} is required, and nothing like it with any content would be saved: every backup would be suspect.";
        }

        bool HasContent(ItemRule rule)
        {
            var pattern = new PathPattern(rule.Path);
            return items.Exists(item => item.LeftOut is null && pattern.IsMatch(item.Item.Path) && (item.Item.Length > 0 || item.Item.IsLengthUnknown || item.Item.Type == ItemType.SymbolicLink));
        }
    }
}
