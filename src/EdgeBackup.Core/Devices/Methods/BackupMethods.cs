using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Methods;

/// <summary>
/// Puts together what a backup of a type over a connection is, from what is true of the connection, what the type's rules
/// make of it, and what the type says in words. The rules are the same that captures and restores go by.
/// </summary>
public static class BackupMethods
{
    /// <summary>The methods for a type, one for each of its connections, in the type's order.</summary>
    public static IEnumerable<BackupMethod> Of(DeviceTypeEntry entry) => entry.Type.Connections.Select(connection => Make(entry, connection));

    private static BackupMethod Make(DeviceTypeEntry entry, ConnectionKind connection)
    {
        var type = entry.Type;
        var facts = ConnectionMethod.Of(connection);
        var isSsh = connection == ConnectionKind.Ssh;
        return new BackupMethod
        {
            Type = entry,
            Connection = connection,
            Contains = [.. facts.Contains, .. Contained(type, isSsh), .. type.Method.Contains],
            NotContained = [.. facts.NotContained, .. NotContained(type), .. type.Method.NotContained],
            Trigger = Sentences([facts.Trigger, .. Triggers(type, isSsh), type.Method.Trigger]),
            Format = type.Method.Format ?? facts.Format,
            Restore = Sentences([facts.Restore, .. Restores(type, isSsh), type.Method.Restore]),
            NotRestored = [.. facts.NotRestored, .. type.Method.NotRestored],
        };
    }

    private static IEnumerable<string> Contained(DeviceType type, bool isSsh)
    {
        if (isSsh && type.Paths.Count > 0)
        {
            yield return $"Below {type.Root ?? "the folder of the address"}: {List(type.Paths)}{(type.PathsCommand is { } command ? $", and what '{command.Command}' names" : "")}.";
        }

        foreach (var (kind, words) in new[] { (ItemKind.History, "As history, with -Content All only"), (ItemKind.Identity, "As identity") })
        {
            if (Paths(type, rule => rule.Kind == kind && !rule.Exclude) is { Count: > 0 } paths)
            {
                yield return $"{words}: {List(paths)}.";
            }
        }
    }

    private static IEnumerable<string> NotContained(DeviceType type)
    {
        if (Paths(type, rule => rule.Exclude) is { Count: > 0 } excluded)
        {
            yield return $"Left out by the type: {List(excluded)}. A restore leaves it alone.";
        }

        if (Paths(type, rule => rule.Retain == RetainLevel.None && !rule.Exclude) is { Count: > 0 } lost)
        {
            yield return $"Of retain level None by the type: {List(lost)}.";
        }
    }

    private static IEnumerable<string> Triggers(DeviceType type, bool isSsh)
    {
        if (type.MinimumVersion is { } minimum)
        {
            yield return $"Not below version {minimum}.";
        }

        if (isSsh && type.Gate is { } gate)
        {
            yield return $"Not while {gate.What ?? "something runs on the device, by its type's gate"}, nor while that cannot be told.";
        }

        if (isSsh && type.Commands.BeforeCapture.Count > 0)
        {
            yield return "Before it, the type's commands run on the device.";
        }
    }

    private static IEnumerable<string> Restores(DeviceType type, bool isSsh)
    {
        if (isSsh && type.Commands.BeforeRestore.Count + type.Commands.AfterRestore.Count > 0)
        {
            yield return "The type's commands run around it.";
        }

        if (isSsh && type.Check is { } check)
        {
            yield return $"It is done when '{check.Command.Command}' succeeds.";
        }
    }

    private static List<string> Paths(DeviceType type, Func<ItemRule, bool> isMeant) => [.. type.Items.Where(isMeant).Select(rule => rule.Path)];

    private static string List(IEnumerable<string> words) => string.Join(", ", words);

    private static string Sentences(IEnumerable<string?> sentences) => string.Join(' ', sentences.Where(sentence => sentence is not null));
}
