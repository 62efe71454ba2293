using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Groups;

/// <summary>Finds out what belongs to a server: the devices that are registered below it, and those that it lists itself (R15).</summary>
internal sealed class PlanGroups
{
    private const int ServersAtOnce = 8;

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;
    private readonly Dictionary<string, CatalogDevice> registered = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> parents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> below = new(StringComparer.Ordinal);

    public PlanGroups(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Plans a group for each device that does not stand below another of them.</summary>
    /// <param name="devices">Ids; none twice.</param>
    /// <param name="name">The name of the backups; null for automatic ones.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IReadOnlyList<GroupPlan>> RunAsync(IReadOnlyList<string> devices, string? name, CancellationToken cancellationToken)
    {
        var row = await ReadRegisteredAsync(cancellationToken).ConfigureAwait(false);
        var named = devices.Concat(devices.Select(row.Last)).ToHashSet(StringComparer.Ordinal);
        var servers = devices.Where(device => !HasAncestorIn(device, named)).ToList();
        var lists = new IReadOnlyList<ChildDevice>[servers.Count];
        await Parallel.ForAsync(
            0,
            servers.Count,
            new ParallelOptions { MaxDegreeOfParallelism = ServersAtOnce, CancellationToken = cancellationToken },
            async (index, token) => lists[index] = await ReadChildrenAsync(servers[index], token).ConfigureAwait(false)).ConfigureAwait(false);

        var taken = servers.ToHashSet(StringComparer.Ordinal);
        var plans = servers.ConvertAll(server => new GroupDraft(server));
        foreach (var plan in plans)
        {
            // A server that was replaced is its own error; what stands below it stands below its replacement now.
            var last = row.Last(plan.Server);
            if (last == plan.Server || taken.Add(last))
            {
                AddRegistered(plan, plan.Server, last, taken);
            }
        }

        for (var index = 0; index < plans.Count; index++)
        {
            foreach (var child in lists[index])
            {
                AddListed(plans[index], child, row, taken);
            }
        }

        var now = context.Clock.GetUtcNow();
        return plans.ConvertAll(plan => new GroupPlan(
            new BackupGroup { Id = BackupIds.New(now, context.Random), Name = name, Server = plan.Server, Members = plan.Members },
            plan.Faults));
    }

    private async Task<ReplacementRow> ReadRegisteredAsync(CancellationToken cancellationToken)
    {
        foreach (var problem in await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false))
        {
            observer.Warning($"A device may stand below these that is not backed up with them now. {problem.Message}");
        }

        await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery(), cancellationToken).ConfigureAwait(false))
        {
            registered[device.Id] = device;
        }

        var row = await ReplacementRow.ReadAsync(context, registered.Values, cancellationToken).ConfigureAwait(false);
        foreach (var device in registered.Values)
        {
            if (row.FindParent(device.Id) is { } parent)
            {
                parents[device.Id] = parent;
            }
        }

        foreach (var (device, parent) in parents.Where(pair => registered[pair.Key].ReplacedBy is null).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!below.TryGetValue(parent, out var children))
            {
                below[parent] = children = [];
            }

            children.Add(device);
        }

        return row;
    }

    private bool HasAncestorIn(string device, HashSet<string> named)
    {
        var passed = new HashSet<string>(StringComparer.Ordinal) { device };
        while (parents.GetValueOrDefault(device) is { } parent && passed.Add(parent))
        {
            if (named.Contains(parent))
            {
                return true;
            }

            device = parent;
        }

        return false;
    }

    private async Task<IReadOnlyList<ChildDevice>> ReadChildrenAsync(string server, CancellationToken cancellationToken)
    {
        try
        {
            var registration = await RegisteredDevices.RequireActiveAsync(context, server, cancellationToken).ConfigureAwait(false);
            var contact = await DeviceContact.OpenAsync(context, registration, observer, cancellationToken).ConfigureAwait(false);
            await using var lease = contact.ConfigureAwait(false);
            return contact.Connection.Server is { } connection ? await connection.ReadChildrenAsync(cancellationToken).ConfigureAwait(false) : [];
        }
        catch (EdgeBackupException exception)
        {
            // Its own backup fails with the same words where it fails; what is registered below it is backed up all the same.
            observer.Warning($"{server}: it could not be asked which devices stand below it, so that only those are backed up with it that are registered there. {exception.Message}");
            return [];
        }
    }

    /// <summary>Adds what stands below a device.</summary>
    /// <param name="plan">To what.</param>
    /// <param name="member">The member that it is to stand below.</param>
    /// <param name="device">The device that it stands below by now.</param>
    /// <param name="taken">What is a member of any group.</param>
    private void AddRegistered(GroupDraft plan, string member, string device, HashSet<string> taken)
    {
        var open = new Queue<(string Member, string Device)>([(member, device)]);
        while (open.TryDequeue(out var above))
        {
            foreach (var child in below.GetValueOrDefault(above.Device, []).Where(taken.Add))
            {
                plan.Members.Add(new BackupGroupMember(child, above.Member));
                open.Enqueue((child, child));
            }
        }
    }

    private void AddListed(GroupDraft plan, ChildDevice child, ReplacementRow row, HashSet<string> taken)
    {
        var known = Find(child);
        known = registered.GetValueOrDefault(row.Last(known?.Id ?? child.Id)) ?? known;
        var id = known?.Id ?? child.Id;
        if (!taken.Add(id))
        {
            return;
        }

        plan.Members.Add(new BackupGroupMember(id, plan.Server));
        if (known is null)
        {
            plan.Faults[id] = new EdgeBackupException(
                ErrorIds.DeviceNotFound,
                $"The server '{plan.Server}' lists the device '{id}' below it ({(child.Name is { } name ? $"{Shown(name)}, " : "")}{Shown(child.Type)}), which is not registered, and there is no backup of it. Register it: Register-EdgeDevice '{Quoted(child.Address)}' -Parent '{Quoted(plan.Server)}'.",
                id);
        }
        else
        {
            AddRegistered(plan, id, id, taken);
        }
    }

    /// <summary>By id, or else by the place where it is: a server may call a device otherwise than the device does.</summary>
    private CatalogDevice? Find(ChildDevice child)
    {
        if (registered.TryGetValue(child.Id, out var known))
        {
            return known;
        }

        try
        {
            var place = DeviceAddress.Parse(child.Address, Path.GetPathRoot(Environment.CurrentDirectory)!);
            return registered.Values.Where(device => new DeviceAddress(place.Kind, device.Address).IsSamePlace(place)).OrderBy(device => device.ReplacedBy is not null).FirstOrDefault();
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or IOException)
        {
            // The server's word for an address that is none.
            return null;
        }
    }

    /// <summary>A device's words stand in messages, and people copy commands out of them.</summary>
    private static string Shown(string text) => new([.. text.Take(200).Select(character => char.IsControl(character) ? '\uFFFD' : character)]);

    private static string Quoted(string text) => Shown(text).Replace("'", "''", StringComparison.Ordinal);

    private sealed class GroupDraft(string server)
    {
        public string Server => server;

        public List<BackupGroupMember> Members { get; } = [new BackupGroupMember(server, Parent: null)];

        public Dictionary<string, EdgeBackupException> Faults { get; } = new(StringComparer.Ordinal);
    }
}

/// <summary>A group that is to be taken.</summary>
/// <param name="Group">As every member's record will carry it.</param>
/// <param name="Faults">Members that cannot be backed up, with the reason.</param>
public sealed record GroupPlan(BackupGroup Group, IReadOnlyDictionary<string, EdgeBackupException> Faults);
