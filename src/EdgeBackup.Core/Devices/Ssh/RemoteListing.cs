using System.Globalization;
using System.Text;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Lists a device's files through its shell, whatever programs it has for that.</summary>
internal static class RemoteListing
{
    private const int RecordLimit = 64 * 1024;
    private const int Tries = 3;

    /// <summary>Looks at names. Those where nothing stands are left out.</summary>
    /// <param name="shell">The device's.</param>
    /// <param name="paths">Relative to the root.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    public static async Task<IReadOnlyDictionary<string, RemoteEntry>> LookAsync(SshShell shell, IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        await shell.SendAsync("look", [.. paths.Select(Name)], cancellationToken).ConfigureAwait(false);
        return await ReadLooksAsync(shell, hasLinks: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Everything at and below some paths, by path; the root itself under the empty one.</summary>
    /// <param name="shell">The device's.</param>
    /// <param name="paths">Relative to the root; those where nothing stands are passed over.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    /// <exception cref="InvalidDataException">What cannot be listed, as a part of a sentence.</exception>
    public static async Task<IReadOnlyDictionary<string, RemoteEntry>> ListAsync(SshShell shell, IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await shell.SendAsync("list", [.. paths.Select(Name)], cancellationToken).ConfigureAwait(false);
            var odd = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            var isFind = shell.Greeting.Lister == RemoteLister.Find;
            Dictionary<string, RemoteEntry> entries;
            Exception? fault = null;
            try
            {
                entries = await ReadLooksAsync(shell, hasLinks: isFind, cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidDataException) when (odd.Length > 0)
            {
                throw new InvalidDataException($"a name has a line break in it: '{odd.Replace('\n', '?')}'");
            }

            var links = await ReadLinksAsync(shell, isFind, cancellationToken).ConfigureAwait(false);
            var code = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            var words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            if (odd.Length > 0)
            {
                throw new InvalidDataException($"a name has a line break in it: '{odd.Replace('\n', '?')}'");
            }

            if (code != "0")
            {
                fault = new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"the device's own listing failed{SshErrors.Detail(words)}"));
            }

            if (fault is null)
            {
                foreach (var (path, link) in links)
                {
                    if (entries.TryGetValue(path, out var entry) && entry.Type == FileEntryType.SymbolicLink)
                    {
                        entries[path] = entry with { LinkTarget = link };
                    }
                }

                return entries;
            }

            // What vanishes while it is listed makes some of these programs fail.
            if (attempt == Tries)
            {
                throw fault;
            }
        }
    }

    /// <summary>Reads looks up to their end.</summary>
    public static async Task<Dictionary<string, RemoteEntry>> ReadLooksAsync(SshShell shell, bool hasLinks, CancellationToken cancellationToken)
    {
        var entries = new Dictionary<string, RemoteEntry>(StringComparer.Ordinal);
        var delimiter = shell.Greeting.Lister == RemoteLister.Stat ? (byte)'\n' : (byte)0;
        var end = Encoding.ASCII.GetBytes(shell.Token);
        InvalidDataException? fault = null;
        while (true)
        {
            var first = await shell.Reader.ReadRecordAsync(delimiter, RecordLimit, cancellationToken).ConfigureAwait(false);
            if (first.AsSpan().SequenceEqual(end))
            {
                return fault is null ? entries : throw fault;
            }

            // Read on to the end after a fault, so that the conversation can go on.
            byte[] name = [];
            byte[]? link = null;
            if (shell.Greeting.Lister != RemoteLister.Stat)
            {
                name = await shell.Reader.ReadRecordAsync(0, RecordLimit, cancellationToken).ConfigureAwait(false);
                link = hasLinks ? await shell.Reader.ReadRecordAsync(0, RecordLimit, cancellationToken).ConfigureAwait(false) : null;
            }

            try
            {
                var entry = shell.Greeting.Lister switch
                {
                    RemoteLister.Find => RemoteEntry.FromFind(Encoding.ASCII.GetString(first), name, link),
                    RemoteLister.Stat => RemoteEntry.FromStat(first),
                    _ => RemoteEntry.FromLs(Encoding.ASCII.GetString(first), name),
                };
                entries[entry.Path] = entry;
            }
            catch (Exception exception) when (exception is InvalidDataException or FormatException or OverflowException)
            {
                fault = new InvalidDataException($"a line of the listing cannot be understood: {exception.Message}", exception);
            }
        }
    }

    /// <summary>How the script is told a path: in a way that no program takes for an option.</summary>
    public static string Name(string path) => path.Length == 0 ? "." : path.StartsWith('/') ? path : "./" + path;

    private static async Task<Dictionary<string, string>> ReadLinksAsync(SshShell shell, bool isFind, CancellationToken cancellationToken)
    {
        var links = new Dictionary<string, string>(StringComparer.Ordinal);
        while (true)
        {
            var name = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            if (name == shell.Token)
            {
                return links;
            }

            if (isFind)
            {
                throw new InvalidDataException("the listing has more behind its end");
            }

            links[RemoteEntry.Plain(name)] = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
