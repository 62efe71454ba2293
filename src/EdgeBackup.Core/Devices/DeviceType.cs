using EdgeBackup.Core.Devices.Types;

namespace EdgeBackup.Core.Devices;

/// <summary>
/// What a kind of device is, and how to work with it: one JSON file (docs/device-types.md). Everything but id, title and
/// connections may be left out; the device's own word (the device API, edge-device.json) goes before a rule that asks
/// for the same thing.
/// </summary>
public sealed record DeviceType
{
    /// <summary>A word of [a-z0-9-], for instance <c>edge-controller</c>.</summary>
    public required string Id { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>For people: what is saved, what is not, and what to know before a restore. Null where nobody wrote any.</summary>
    public string? Description { get; init; }

    /// <summary>Where the interface that the rules rest on is documented: URLs.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>Below it no backup is taken (R1); null where every version will do.</summary>
    public DeviceVersion? MinimumVersion { get; init; }

    /// <summary>How such devices can be reached.</summary>
    public required IReadOnlyList<ConnectionKind> Connections { get; init; }

    /// <summary>
    /// The absolute folder on the device that item paths are relative to, where the address names no path of its own
    /// (<see cref="FindRoot"/>). Null: the address must name it. It may be <c>/</c>.
    /// </summary>
    public string? Root { get; init; }

    /// <summary>
    /// The files and folders to look at, relative to the root; a folder stands for everything in it, and one that is not
    /// there is passed over. Empty, without <see cref="PathsCommand"/>: the whole root.
    /// </summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>
    /// A command whose output names further files to look at, one a line: relative to the root, or absolute and inside it.
    /// Null: <see cref="Paths"/> is all.
    /// </summary>
    public DeviceCommand? PathsCommand { get; init; }

    /// <summary>How a device without a word of its own tells who it is (SSH).</summary>
    public IdentityRules Identity { get; init; } = new();

    /// <summary>How a device without charge points of its own tells that something runs on it (SSH); null: nothing runs on such devices.</summary>
    public GateRules? Gate { get; init; }

    /// <summary>What the items are; the first rule whose path fits an item holds for it. See <see cref="ItemRuleSet"/>.</summary>
    public IReadOnlyList<ItemRule> Items { get; init; } = [];

    /// <summary>Commands around captures and restores (SSH).</summary>
    public DeviceCommands Commands { get; init; } = new();

    /// <summary>What must succeed on the device after a restore (SSH); null: the read-back alone decides.</summary>
    public SuccessCheck? Check { get; init; }

    /// <summary>What holds for such devices where no policy says otherwise.</summary>
    public PolicyDefaults Policy { get; init; } = new();

    /// <summary>What people should know of its backups beyond the rules.</summary>
    public MethodNotes Method { get; init; } = new();

    /// <summary>The folder on the device that item paths are relative to.</summary>
    /// <param name="addressPath">The path of the address; empty or <c>/</c> where it names none.</param>
    /// <returns>Absolute, without a slash at the end (save <c>/</c> itself); null where neither the address nor the type names one.</returns>
    public string? FindRoot(string? addressPath)
    {
        var path = string.IsNullOrEmpty(addressPath) || addressPath == "/" ? Root : addressPath;
        return path is null or "/" ? path : path.TrimEnd('/');
    }
}
