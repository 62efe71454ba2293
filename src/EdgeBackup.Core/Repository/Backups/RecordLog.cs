using System.Globalization;
using System.Runtime.CompilerServices;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>Sealed append-only records in the folders of their subjects.</summary>
internal sealed class RecordLog(RepositoryCore core) : IDisposable
{
    private const int TimeDigits = 12;
    private const int RandomBytes = 6;

    private readonly SemaphoreSlim appending = new(1, 1);

    /// <summary>Appends a record; durable on return. Its name sorts after all others in its folder, also when the clock stepped back.</summary>
    public async Task<string> AppendAsync(RecordArea area, string subject, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        await appending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var folder = ToFolder(area, subject);
            var moment = core.Environment.Clock.GetUtcNow().ToUnixTimeMilliseconds();
            await foreach (var entry in core.Store.ListAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                var last = entry.Name.AsSpan(folder.Length);
                if (last.Length >= TimeDigits && long.TryParse(last[..TimeDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var taken))
                {
                    moment = Math.Max(moment, taken + 1);
                }
            }

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
        finally
        {
            appending.Release();
        }
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
        return await core.Store.PutAsync(name, core.Sealer.Seal(name, json.Span), cancellationToken).ConfigureAwait(false) ? name : null;
    }

    /// <summary>Names in ordinal order.</summary>
    public async IAsyncEnumerable<string> ListAsync(RecordArea area, string? subject, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var entry in core.Store.ListAsync(subject is null ? ToFolder(area) : ToFolder(area, subject), cancellationToken).ConfigureAwait(false))
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
        _ => throw new ArgumentOutOfRangeException(nameof(area)),
    };

    public void Dispose() => appending.Dispose();

    private string ToFolder(RecordArea area, string subject) => $"{ToFolder(area)}{core.Master.ToFolder(subject)}/";
}
