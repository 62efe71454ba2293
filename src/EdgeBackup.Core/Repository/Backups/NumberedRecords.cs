using System.Globalization;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository.Backups;

/// <summary>The newest of a subject's numbered records.</summary>
/// <param name="Name">The object's name; null when there is none.</param>
/// <param name="Number">1 and up; 0 when there is none.</param>
/// <param name="Json">Null when there is none, or when it is damaged.</param>
/// <param name="Damage">Why it cannot be read, a sentence without a full stop; null when it can.</param>
internal sealed record NumberedRecord(string? Name, long Number, byte[]? Json, string? Damage)
{
    public static readonly NumberedRecord None = new(null, 0, null, null);
}

/// <summary>
/// Records of which only the newest of a subject counts, and which change often: each is written once under the next
/// number, and then those before it are removed, so that a subject keeps one object however often it changes. Of two
/// writers who saw the same number one gets the next. The chain does not name them: they say how work goes on, and
/// losing them costs a repetition.
/// </summary>
internal sealed class NumberedRecords(RepositoryCore core)
{
    private const int Looks = 8;

    /// <summary>The newest record of a subject.</summary>
    public Task<NumberedRecord> ReadAsync(RecordArea area, string subject, CancellationToken cancellationToken) =>
        ReadFolderAsync(ToFolder(area, subject), cancellationToken);

    /// <summary>The newest record in a folder.</summary>
    public async Task<NumberedRecord> ReadFolderAsync(string folder, CancellationToken cancellationToken)
    {
        for (var look = 0; look < Looks; look++)
        {
            var numbers = await ListAsync(folder, cancellationToken).ConfigureAwait(false);
            if (numbers.Count == 0)
            {
                return NumberedRecord.None;
            }

            var number = numbers.Max();
            var name = ToName(folder, number);
            try
            {
                if (await core.TryOpenAsync(name, cancellationToken).ConfigureAwait(false) is { } json)
                {
                    return new NumberedRecord(name, number, json, Damage: null);
                }
            }
            catch (ObjectDamagedException exception)
            {
                return new NumberedRecord(name, number, Json: null, exception.Reason);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryNotReadable)
            {
                // A bad sector under so small a thing must not keep a device from its backups for ever.
                return new NumberedRecord(name, number, Json: null, exception.Message);
            }

            // A later one took its place between the listing and the reading.
        }

        throw new ObjectDamagedException(folder.TrimEnd('/'), "the records in it change faster than they can be read").ToError(core.Store.Location);
    }

    /// <summary>Writes the record that comes after the one that its writer has seen; durable on return.</summary>
    /// <param name="area">Which records.</param>
    /// <param name="subject">Whose.</param>
    /// <param name="seen">The number of the record that was seen; 0 for none.</param>
    /// <param name="json">The record.</param>
    /// <param name="cancellationToken">Stops before it is written.</param>
    /// <returns>False: somebody else was first, or has gone on from this record already, which only the record that is there now can tell.</returns>
    public async Task<bool> TryWriteAsync(RecordArea area, string subject, long seen, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        core.Chain?.ThrowIfRefused();
        var folder = ToFolder(area, subject);
        var name = ToName(folder, seen + 1);
        if (!await core.Store.PutAsync(name, core.Sealer.Seal(name, json.Span), cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        // Old numbers are removed, so one that was free may be one that was used long ago, by writers who went on while
        // this one slept. There is always a higher one then.
        var numbers = await ListAsync(folder, CancellationToken.None).ConfigureAwait(false);
        var isNewest = numbers.TrueForAll(number => number <= seen + 1);
        foreach (var number in numbers.Where(number => isNewest ? number <= seen : number == seen + 1))
        {
            try
            {
                await core.Store.DeleteAsync(ToName(folder, number), CancellationToken.None).ConfigureAwait(false);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryNotWritable)
            {
                // Only the highest number counts; whoever writes the next one removes this.
            }
        }

        return isNewest;
    }

    /// <returns>0 when this is no name of such a record.</returns>
    public static long ToNumber(string name)
    {
        var last = name.AsSpan(name.LastIndexOf('/') + 1);
        return last.Length == 16 && long.TryParse(last, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : 0;
    }

    private string ToFolder(RecordArea area, string subject) => $"{RecordLog.ToFolder(area)}{core.Master.ToFolder(subject)}/";

    private static string ToName(string folder, long number) => string.Create(CultureInfo.InvariantCulture, $"{folder}{number:x16}");

    private async Task<List<long>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var numbers = new List<long>();
        await foreach (var entry in core.Store.ListAsync(folder, cancellationToken).ConfigureAwait(false))
        {
            if (ToNumber(entry.Name) is > 0 and var number)
            {
                numbers.Add(number);
            }
        }

        return numbers;
    }
}
