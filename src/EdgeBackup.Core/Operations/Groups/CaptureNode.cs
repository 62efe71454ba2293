using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations.Groups;

/// <summary>A device that is to be captured, and those that come after it.</summary>
/// <param name="device">Its id.</param>
internal sealed class CaptureNode(string device)
{
    private readonly List<CaptureNode> below = [];

    public string Device => device;

    /// <summary>Null for a device that is captured alone.</summary>
    public BackupGroup? Group { get; private init; }

    /// <summary>Why it cannot be captured at all; null when it can be tried.</summary>
    public EdgeBackupException? Fault { get; private init; }

    /// <summary>Those that are captured when it is done with, however that ends.</summary>
    public IReadOnlyList<CaptureNode> Below => below;

    /// <summary>It and all after it.</summary>
    public int Count => 1 + below.Sum(node => node.Count);

    /// <summary>The server of a group, with the others after it in the order in which they stand below each other.</summary>
    public static CaptureNode From(GroupPlan plan)
    {
        var nodes = new Dictionary<string, CaptureNode>(StringComparer.Ordinal);
        foreach (var member in plan.Group.Members)
        {
            var node = new CaptureNode(member.Device) { Group = plan.Group, Fault = plan.Faults.GetValueOrDefault(member.Device) };
            nodes.Add(member.Device, node);
            if (member.Parent is { } parent)
            {
                nodes[parent].below.Add(node);
            }
        }

        return nodes[plan.Group.Server];
    }

    /// <summary>Ids of the registered devices among it and those after it.</summary>
    public IEnumerable<string> Registered() =>
        (Fault is null ? [Device] : Enumerable.Empty<string>()).Concat(below.SelectMany(node => node.Registered()));
}
