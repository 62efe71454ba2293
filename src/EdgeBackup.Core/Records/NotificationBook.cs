using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Records;

/// <summary>Who is to be told of what, in a repository at one moment.</summary>
public sealed class NotificationBook
{
    private const string Subject = "notifications";

    private readonly SortedDictionary<string, NotificationEntry> entries = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>By name.</summary>
    public IReadOnlyCollection<NotificationEntry> Entries => entries.Values;

    /// <summary>Reads them. One whose record is damaged, or was removed, is left out: it must not keep anybody else from being told.</summary>
    /// <param name="repository">Where they are.</param>
    /// <param name="warn">Takes a sentence or two for each that is left out.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<NotificationBook> LoadAsync(EdgeRepository repository, Action<string> warn, CancellationToken cancellationToken)
    {
        var names = await repository.ListAsync(RecordArea.Notifications, subject: null, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        names.AddRange(await repository.FindUnlistedAsync(RecordArea.Notifications, Subject, names, cancellationToken).ConfigureAwait(false));
        names.Sort(StringComparer.Ordinal);
        var book = new NotificationBook();
        foreach (var name in names)
        {
            try
            {
                book.Apply(Read(await repository.ReadAsync(name, cancellationToken).ConfigureAwait(false)));
            }
            catch (Exception exception) when (exception is JsonException or EdgeBackupException { ErrorId: ErrorIds.RepositoryDamaged or ErrorIds.RepositoryNotReadable })
            {
                warn($"A notification is left out, and nobody may be told by it: its record '{name}' cannot be read. {exception.Message} Register it again with Register-EdgeNotification.");
            }
        }

        return book;
    }

    /// <summary>Appends an entry; durable on return.</summary>
    public static Task SetAsync(EdgeRepository repository, NotificationEntry entry, CancellationToken cancellationToken) =>
        repository.AppendAsync(RecordArea.Notifications, Subject, JsonSerializer.SerializeToUtf8Bytes(entry, RecordsJson.Default.NotificationEntry), cancellationToken);

    private static NotificationEntry Read(byte[] json) =>
        JsonSerializer.Deserialize(json, RecordsJson.Default.NotificationEntry) ?? throw new JsonException("The notification is null.");

    private void Apply(NotificationEntry entry)
    {
        if (entry.Removed)
        {
            entries.Remove(entry.Name);
        }
        else
        {
            entries[entry.Name] = entry;
        }
    }
}
