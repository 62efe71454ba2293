using System.Globalization;
using System.Runtime.CompilerServices;
using EdgeBackup.Core.Repository.Chain;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>
/// Sealed append-only records: those of devices, policies, device types and notifications in the folders of their subjects, events in folders of months.
/// </summary>
internal sealed class RecordLog(RepositoryCore core) : IDisposable
{
    private const int TimeDigits = 12;
    private const int RandomBytes = 6;
    private const int Gates = 32;

    /// <summary>Appends to one folder wait for each other; few of those to different folders share a gate.</summary>
    private readonly SemaphoreSlim[] gates = [.. Enumerable.Range(0, Gates).Select(_ => new SemaphoreSlim(1, 1))];

    private long lastEvent;

    /// <summary>
    /// Appends a record; durable on return. Its name sorts after all others in its folder, also when the clock stepped
    /// back; that of an event after those that this log has appended.
    /// </summary>
    public async Task<string> AppendAsync(RecordArea area, string subject, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        core.Chain?.ThrowIfRefused();
        if (area == RecordArea.Events)
        {
            // Events are many: their folder is never listed for appending one.
            var eventMoment = NextEventMoment();
            var month = DateTimeOffset.FromUnixTimeMilliseconds(eventMoment).ToString("yyyyMM", CultureInfo.InvariantCulture);
            return await NameAsync(await PutAsync($"{ToFolder(area)}{month}/", eventMoment, json, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }

        var folder = ToFolder(area, subject);
        var gate = gates[(uint)string.GetHashCode(folder, StringComparison.Ordinal) % Gates];
        string name;
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var moment = core.Environment.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            await foreach (var entry in core.Store.ListAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                var last = entry.Name.AsSpan(folder.Length);
                if (last.Length >= TimeDigits && long.TryParse(last[..TimeDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var taken))
                {
                    moment = Math.Max(moment, taken + 1);
                }
            }

            name = await PutAsync(folder, moment, json, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }

        return await NameAsync(name).ConfigureAwait(false);
    }

    /// <summary>
    /// Appends a record right behind the one that it was decided upon. The name follows from that one alone, so of two
    /// writers who saw the same last record one finds the name taken, on whatever machines they are.
    /// </summary>
    /// <returns>Null: somebody else was first, and nothing was written.</returns>
    public async Task<string?> TryAppendAfterAsync(RecordArea area, string subject, string? last, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        var folder = ToFolder(area, subject);
        var moment = last is null ? 0 : long.Parse(last.AsSpan(folder.Length, TimeDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) + 1;
        var name = string.Create(CultureInfo.InvariantCulture, $"{folder}{moment:x12}-{new string('0', 2 * RandomBytes)}");
        core.Chain?.ThrowIfRefused();
        return await core.Store.PutAsync(name, core.Sealer.Seal(name, json.Span), cancellationToken).ConfigureAwait(false)
            ? await NameAsync(name).ConfigureAwait(false)
            : null;
    }

    /// <summary>Appends a record under the name that it has in another repository, so that records keep their order there and here.</summary>
    /// <param name="area">Which records.</param>
    /// <param name="subject">Whose; of events the month.</param>
    /// <param name="entry">The last part of the name.</param>
    /// <param name="json">The record.</param>
    /// <param name="cancellationToken">Stops before it is written.</param>
    /// <returns>False: it is there already.</returns>
    public async Task<bool> TryAppendAsAsync(RecordArea area, string subject, string entry, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        core.Chain?.ThrowIfRefused();
        var name = (area == RecordArea.Events ? $"{ToFolder(area)}{subject}/" : ToFolder(area, subject)) + entry;
        if (!await core.Store.PutAsync(name, core.Sealer.Seal(name, json.Span), cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        await NameAsync(name).ConfigureAwait(false);
        return true;
    }

    /// <summary>Names in ordinal order.</summary>
    public async IAsyncEnumerable<string> ListAsync(RecordArea area, string? subject, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var entry in core.Store.ListAsync(subject is null || area == RecordArea.Events ? ToFolder(area) : ToFolder(area, subject), cancellationToken).ConfigureAwait(false))
        {
            names.Add(entry.Name);
        }

        names.Sort(StringComparer.Ordinal);
        foreach (var name in names)
        {
            yield return name;
        }
    }

    public static string ToFolder(RecordArea area) => area switch
    {
        RecordArea.Devices => "devices/",
        RecordArea.Events => "events/",
        RecordArea.Policies => "policies/",
        RecordArea.Attempts => "attempts/",
        RecordArea.Types => "types/",
        RecordArea.Notifications => "notifications/",
        RecordArea.Archives => "archives/",
        _ => throw new ArgumentOutOfRangeException(nameof(area)),
    };

    public void Dispose()
    {
        foreach (var gate in gates)
        {
            gate.Dispose();
        }
    }

    /// <summary>Names a record in the chain: from now on it is missed when it is gone.</summary>
    private async Task<string> NameAsync(string name)
    {
        if (core.Chain is { } chain)
        {
            await chain.NameAsync([name], () => core.Store.DeleteAsync(name, CancellationToken.None)).ConfigureAwait(false);
        }

        return name;
    }

    private string ToFolder(RecordArea area, string subject) => $"{ToFolder(area)}{core.Master.ToFolder(subject)}/";

    private async Task<string> PutAsync(string folder, long moment, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        while (true)
        {
            var random = new byte[RandomBytes];
            core.Environment.Random.Fill(random);
            var name = string.Create(CultureInfo.InvariantCulture, $"{folder}{moment:x12}-{Convert.ToHexStringLower(random)}");
            if (await core.Store.PutAsync(name, core.Sealer.Seal(name, json.Span), cancellationToken).ConfigureAwait(false))
            {
                return name;
            }
        }
    }

    private long NextEventMoment()
    {
        while (true)
        {
            var last = Volatile.Read(ref lastEvent);
            var next = Math.Max(core.Environment.Clock.GetUtcNow().ToUnixTimeMilliseconds(), last + 1);
            if (Interlocked.CompareExchange(ref lastEvent, next, last) == last)
            {
                return next;
            }
        }
    }
}
