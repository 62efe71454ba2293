using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Catalog;

/// <summary>
/// Keeps the newest archive of each device. Years of daily runs tell nothing more about its age, so of what is new in a
/// device's folder only the newest run is read, and those before it down to one that is no extract.
/// </summary>
internal sealed class CatalogArchives(EdgeRepository repository, CatalogFile file, CatalogFolders folders)
{
    private const string Table = "archive_runs";
    private static readonly string Root = RecordLog.ToFolder(RecordArea.Archives);
    private readonly ArchiveBook book = new(repository, author: "");

    public async Task<IReadOnlyList<EdgeBackupException>> RefreshAsync(IReadOnlyCollection<string>? devices, CancellationToken cancellationToken)
    {
        var problems = new List<EdgeBackupException>();
        if (devices is null)
        {
            await folders.RefreshAllAsync(Table, RecordArea.Archives, TakeAsync, problems, cancellationToken).ConfigureAwait(false);
            return problems;
        }

        foreach (var device in devices)
        {
            var listing = repository.ListAsync(RecordArea.Archives, device, cancellationToken);
            await folders.RefreshAsync(Table, FolderOf(device), listing, TakeAsync, problems, cancellationToken).ConfigureAwait(false);
        }

        return problems;
    }

    private string FolderOf(string subject) => $"{Root}{repository.SubjectFolder(subject)}/";

    private async Task TakeAsync(IReadOnlyList<string> fresh, IReadOnlyCollection<string> gone, List<EdgeBackupException> problems, CancellationToken cancellationToken)
    {
        await folders.RemoveAsync(Table, gone, cancellationToken).ConfigureAwait(false);

        // Where the newest is gone, which nothing but tampering does, those before it were never read.
        var names = fresh.Concat(gone.Select(CatalogFolders.FolderOf).Distinct(StringComparer.Ordinal).SelectMany(LoadNames)).Distinct(StringComparer.Ordinal);
        var keys = FolderOf(ArchiveBook.KeySubject);
        var byFolder = names.GroupBy(CatalogFolders.FolderOf, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.OrderDescending(StringComparer.Ordinal).ToList(), StringComparer.Ordinal);
        var read = await CatalogWriter.ReadAllAsync([.. byFolder.Keys], (folder, token) => FindAsync(folder == keys ? [] : byFolder[folder], token), problems, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(
            (connection, transaction) =>
            {
                foreach (var (folder, found) in read)
                {
                    foreach (var name in byFolder[folder])
                    {
                        var run = name == found.Name ? found.Run : null;
                        CatalogWriter.Execute(
                            connection,
                            transaction,
                            $"INSERT OR REPLACE INTO {Table} (object_name, folder, device, time) VALUES ($name, $folder, $device, $time);",
                            ("$name", name),
                            ("$folder", folder),
                            ("$device", run?.Device),
                            ("$time", run?.Time.UtcTicks));
                    }
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <param name="names">The newest first.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Empty where there is none but extracts.</returns>
    private async Task<(string? Name, ArchiveRun? Run)> FindAsync(List<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            if (await book.ReadAsync(name, cancellationToken).ConfigureAwait(false) is { Extract: false } run)
            {
                return (name, run);
            }
        }

        return (null, null);
    }

    private List<string> LoadNames(string folder)
    {
        using var lease = file.OpenReader();
        using var command = lease.Connection.CreateCommand();
        command.CommandText = $"SELECT object_name FROM {Table} WHERE folder = $folder;";
        command.Parameters.AddWithValue("$folder", folder);
        var names = new List<string>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
