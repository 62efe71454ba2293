using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Where a device's items are: the root, and what below it is looked at.</summary>
internal sealed class SshScope
{
    private readonly DeviceType? definition;

    private SshScope(string root, DeviceType? definition)
    {
        Root = root;
        this.definition = definition;
        Rules = new ItemRuleSet(definition?.Items ?? []);
    }

    /// <summary>Absolute.</summary>
    public string Root { get; }

    public ItemRuleSet Rules { get; }

    /// <summary>The type's own paths, relative to the root; empty where the whole root is meant, or a command names them.</summary>
    public IReadOnlyList<string> Starts => [.. (definition?.Paths ?? []).Select(path => path.Trim('/'))];

    /// <summary>Whether everything below the root belongs to the device, or what is named in advance does.</summary>
    public bool IsFixed => definition?.PathsCommand is null;

    /// <summary>Whether a path is looked at.</summary>
    public bool Includes(string path) => Starts.Count == 0 || Starts.Any(start => path == start || path.StartsWith(start + "/", StringComparison.Ordinal) || start.StartsWith(path + "/", StringComparison.Ordinal));

    /// <exception cref="EdgeBackupException">DeviceUnreachable: neither the address nor the type names a folder.</exception>
    public static SshScope Of(SshTarget target)
    {
        var definition = target.Options.Definition;
        var path = target.Address.Path;
        var root = definition is not null ? definition.FindRoot(path) : path == "/" ? null : path.TrimEnd('/');
        var isEverything = root == "/" && definition is null or { Paths.Count: 0, PathsCommand: null };
        return root is not null && !isEverything
            ? new SshScope(root, definition)
            : throw target.Errors.Create(
                ErrorIds.DeviceUnreachable,
                $"the address {target.Options.Address.Text} names no folder, and its type does not say where its items are. Give one, like ssh://user@host/etc/controller");
    }

    /// <summary>The paths to list, relative to the root; the root itself is the empty one.</summary>
    /// <exception cref="EdgeBackupException">CaptureFailed: the command that names them failed.</exception>
    public async Task<IReadOnlyList<string>> FindStartsAsync(SshShell shell, SshErrors errors, CancellationToken cancellationToken)
    {
        if (definition is null or { Paths.Count: 0, PathsCommand: null })
        {
            return [""];
        }

        var paths = new SortedSet<string>(definition.Paths.Select(path => path.Trim('/')), StringComparer.Ordinal);
        if (definition.PathsCommand is { } command)
        {
            var result = await shell.RunAsync(command, isOutputWanted: true, cancellationToken).ConfigureAwait(false);
            if (result.Code != 0)
            {
                throw errors.Create(
                    ErrorIds.CaptureFailed,
                    $"the command '{command.Command}', which names the files to save, {(result.Code is { } code ? $"failed with exit code {code}" : "did not end in time")}{SshErrors.Detail(shell.Words)}. Correct the device or its type");
            }

            foreach (var line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (Relative(line.TrimEnd('\r'), shell.Greeting.Root) is { Length: > 0 } path && Items.ItemPath.FindFault(path) is null)
                {
                    paths.Add(path);
                }
            }
        }

        // What stands below another is listed with it.
        return [.. paths.Where(path => !IsBelowAny(path, paths))];
    }

    /// <returns>Null for a path outside the root.</returns>
    private string? Relative(string line, string root)
    {
        if (!line.StartsWith('/'))
        {
            return RemoteEntry.Plain(line);
        }

        foreach (var folder in new[] { Root, root })
        {
            var prefix = folder.EndsWith('/') ? folder : folder + "/";
            if (line.StartsWith(prefix, StringComparison.Ordinal))
            {
                return line[prefix.Length..];
            }
        }

        return null;
    }

    private static bool IsBelowAny(string path, SortedSet<string> paths)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (paths.Contains(path[..slash]))
            {
                return true;
            }
        }

        return false;
    }
}
