using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>SHA-256 of files on a device: by its own sha256sum, or by reading them where it has none.</summary>
internal static partial class SshDigests
{
    private const int Together = 200;

    /// <summary>The digests that the device tells; files that it does not tell of are left out.</summary>
    public static async Task<Dictionary<string, string>> AskAsync(SshShell shell, IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var some in paths.Chunk(Together))
        {
            await shell.SendAsync("hash", [.. some.Select(RemoteListing.Name)], cancellationToken).ConfigureAwait(false);
            var (bytes, _) = await shell.ReadAnswerAsync(cancellationToken).ConfigureAwait(false);
            foreach (Match line in Line().Matches(Encoding.UTF8.GetString(bytes)))
            {
                digests[RemoteEntry.Plain(line.Groups["name"].Value)] = line.Groups["digest"].Value;
            }
        }

        return digests;
    }

    /// <summary>Reads files that the device tells no digest of.</summary>
    /// <param name="target">The device.</param>
    /// <param name="items">The files.</param>
    /// <param name="openAsync">Opens a shell.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    public static async Task<Dictionary<string, string>> ReadAsync(
        SshTarget target, IReadOnlyCollection<Item> items, Func<CancellationToken, Task<SshShell>> openAsync, CancellationToken cancellationToken)
    {
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new SshItemReader(target, await openAsync(cancellationToken).ConfigureAwait(false), openAsync);
        await using var lease = reader.ConfigureAwait(false);
        reader.SetOrder(items);
        foreach (var item in items)
        {
            if (await reader.OpenAsync(item, cancellationToken).ConfigureAwait(false) is { } captured)
            {
                await using var stream = captured.Stream.ConfigureAwait(false);
                digests[item.Path] = Convert.ToHexStringLower(await SHA256.HashDataAsync(captured.Stream, cancellationToken).ConfigureAwait(false));
            }
        }

        return digests;
    }

    /// <summary>A line that begins with a backslash has an escaped name: such files are read instead.</summary>
    [GeneratedRegex(@"^(?<digest>[0-9a-f]{64}) [ *](?<name>.+)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline)]
    private static partial Regex Line();
}
