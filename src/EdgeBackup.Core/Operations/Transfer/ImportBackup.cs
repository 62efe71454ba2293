using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Groups;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>
/// Reads a portable file into a repository: <c>Import-EdgeBackup</c>. The file is somebody's word: every path is checked
/// as if a device had sent it, and every byte against its digest, before the backup exists.
/// </summary>
public sealed class ImportBackup
{
    private const long JsonLimit = 1L << 30;

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ImportBackup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Reads a file in. A backup that is there already is left as it is and returned.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="cancellationToken">Leaves no backup behind.</param>
    /// <exception cref="EdgeBackupException">
    /// BackupNotFound: there is no such file, or the backup is being removed; BackupDamaged: it is not a whole portable file; ItemPathInvalid;
    /// BackupNameInUse: another manual backup of the device has the name; RepositoryFormatUnsupported.
    /// </exception>
    public async Task<ListedBackup> RunAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            throw new EdgeBackupException(ErrorIds.BackupNotFound, $"There is no file '{path}'. Give a file that Export-EdgeBackup wrote.", path);
        }

        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
            await using var lease = stream.ConfigureAwait(false);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
            return await ReadAsync(archive, stream, path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is InvalidDataException or JsonException or EndOfStreamException)
        {
            throw Damaged(path, exception.Message, exception);
        }
    }

    private static EdgeBackupException Damaged(string path, string reason, Exception? cause = null) => new(
        ErrorIds.BackupDamaged,
        $"'{path}' is not a whole portable backup: {reason.TrimEnd('.')}. Nothing was read in; export the backup again.",
        path,
        cause);

    private async Task<ListedBackup> ReadAsync(ZipArchive archive, FileStream stream, string path, CancellationToken cancellationToken)
    {
        var header = JsonSerializer.Deserialize(await ReadEntryAsync(archive, PortableBackup.HeaderEntry, path, cancellationToken).ConfigureAwait(false), PortableJson.Default.PortableHeader)
            ?? throw Damaged(path, "its header is null");
        if (header.Format != PortableBackup.Format)
        {
            throw Damaged(path, $"its header names the format '{header.Format}'");
        }

        if (header.FormatVersion != PortableBackup.FormatVersion)
        {
            throw new EdgeBackupException(ErrorIds.RepositoryFormatUnsupported, $"'{path}' has the portable format {header.FormatVersion}; this version reads {PortableBackup.FormatVersion}. Update EdgeBackup.", path);
        }

        CheckHeader(header.Backup ?? throw Damaged(path, "its header names no backup"), path);
        var itemBytes = await ReadEntryAsync(archive, PortableBackup.ItemsEntry, path, cancellationToken).ConfigureAwait(false);
        if (Convert.ToHexStringLower(SHA256.HashData(itemBytes)) != header.ItemsDigest)
        {
            throw Damaged(path, "its item list was altered");
        }

        var items = ReadItems(itemBytes, path);
        if (items.Count != header.Items)
        {
            throw Damaged(path, $"it lists {items.Count} items instead of {header.Items}");
        }

        // Last, so that a newer format or a bad path is called by its name.
        if (!await PortableSeal.IsWholeAsync(stream, cancellationToken).ConfigureAwait(false))
        {
            throw Damaged(path, "its bytes are not those that were exported");
        }

        var policies = await PolicyBook.LoadAsync(context.Repository, cancellationToken).ConfigureAwait(false);
        if (await FindExistingAsync(header.Backup, cancellationToken).ConfigureAwait(false) is { } existing)
        {
            return existing.StateDigest == header.StateDigest
                ? await KeepAsync(existing, policies, cancellationToken).ConfigureAwait(false)
                : throw Damaged(path, $"the repository holds another backup with the id {existing.Id}");
        }

        await CheckNameAsync(header.Backup, cancellationToken).ConfigureAwait(false);
        var announced = new AnnouncedReturns(context.Repository);
        BackupRecord record;
        try
        {
            record = await StoreAsync(archive, header, items, path, announced, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await announced.EndAsync().ConfigureAwait(false);
        }

        foreach (var problem in await context.Catalog.RefreshBackupsAsync([record.Device], CancellationToken.None).ConfigureAwait(false))
        {
            observer.Warning(problem.Message);
        }

        await context.NoteAsync(observer, EdgeEventCategory.Backup, "Imported", $"The backup {record.Id} of '{record.Device}' was read in from '{Path.GetFileName(path)}'.", record.Device, backup: record.Id).ConfigureAwait(false);
        return Listed(record, policies);
    }

    private ListedBackup Listed(BackupRecord record, PolicyBook policies) =>
        ListedBackup.From(record, context.Repository.BackupObjectName(record.Device, record.Id), policies.For(record.Device, record.DeviceType, [], site: null));

    private void CheckHeader(BackupHeader header, string path)
    {
        if (header.Created > context.Clock.GetUtcNow().AddDays(1))
        {
            // It would be the device's newest backup for as long, and hide that there is none (R5).
            throw Damaged(path, $"it was taken in the future, {header.Created:u}");
        }

        if (!BackupIds.IsId(header.Id) || string.IsNullOrWhiteSpace(header.Device) || header.Device.Any(char.IsControl) || !Devices.DeviceTypes.IsWord(header.DeviceType))
        {
            throw Damaged(path, "its header has no valid id, device or type");
        }

        // These are shown in terminals, which obey control characters.
        if (new[] { header.DeviceName, header.Version, header.Author }.Any(text => text?.Any(char.IsControl) == true))
        {
            throw Damaged(path, "its header contains control characters");
        }

        if (header.NotSaved is null || header.NotSaved.Any(item => item?.Path is null || item.Reason is null))
        {
            throw Damaged(path, "its header has no list of what was not saved");
        }

        if (header.Suspect is { } suspect && (suspect.Count == 0 || suspect.Any(reason => reason?.Path is null || reason.Reason is null || !Enum.IsDefined(reason.Cause))))
        {
            throw Damaged(path, "its header has a list of what speaks against it that cannot be read");
        }

        if (header.Group is { } group && !BackupGroups.IsWellFormed(group, header.Device))
        {
            throw Damaged(path, "its header names a group that cannot be read");
        }

        if ((header.Kind == BackupKind.Manual) != (header.Name is not null) || !Enum.IsDefined(header.Kind) || !Enum.IsDefined(header.Content))
        {
            throw Damaged(path, "its header contradicts itself");
        }

        if (header.Name is not null)
        {
            BackupNames.Check(header.Name);
        }
    }

    private static List<PortableItem> ReadItems(byte[] bytes, string path)
    {
        var items = new List<PortableItem>();
        var rest = bytes.AsSpan();
        while (rest.Length > 0)
        {
            var end = rest.IndexOf((byte)'\n');
            if (end < 0)
            {
                throw Damaged(path, "its item list is cut");
            }

            var item = JsonSerializer.Deserialize(rest[..end], PortableJson.Default.PortableItem) ?? throw Damaged(path, "an item is null");
            if (ItemPath.FindFault(item.Item.Path) is { } fault)
            {
                throw new EdgeBackupException(ErrorIds.ItemPathInvalid, $"'{path}' holds the item '{item.Item.Path}', which is refused: {fault}. Nothing was read in.", item.Item.Path);
            }

            if (items.Count > 0 && string.CompareOrdinal(items[^1].Item.Path, item.Item.Path) >= 0)
            {
                throw Damaged(path, $"its items are out of order at '{item.Item.Path}'");
            }

            items.Add(item);
            rest = rest[(end + 1)..];
        }

        return items;
    }

    private static async Task<byte[]> ReadEntryAsync(ZipArchive archive, string name, string path, CancellationToken cancellationToken)
    {
        var entry = archive.GetEntry(name) ?? throw Damaged(path, $"it has no {name}");
        if (entry.Length > JsonLimit)
        {
            throw Damaged(path, $"its {name} is larger than any real one");
        }

        var source = entry.Open();
        await using var lease = source.ConfigureAwait(false);
        using var bytes = new MemoryStream();
        await source.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes.ToArray();
    }

    /// <summary>An import that was killed may have left the backup unnamed; one that somebody removes is no promise.</summary>
    private async Task<ListedBackup> KeepAsync(BackupRecord existing, PolicyBook policies, CancellationToken cancellationToken)
    {
        var names = await UnnamedBackups.FindAsync(context.Repository, [context.Repository.BackupObjectName(existing.Device, existing.Id)], cancellationToken).ConfigureAwait(false);
        return await UnnamedBackups.NameAsync(context, observer, names, cancellationToken).ConfigureAwait(false) is [var left, ..]
            ? throw new EdgeBackupException(left.ErrorId, $"The backup '{existing.Id}' of '{existing.Device}' was not read in, since the repository has it already: {left.Reason.TrimEnd('.')}.", existing.Id)
            : Listed(existing, policies);
    }

    private async Task<BackupRecord?> FindExistingAsync(BackupHeader header, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshBackupsAsync([header.Device], cancellationToken).ConfigureAwait(false);
        await foreach (var known in context.Catalog.QueryBackupsAsync(new BackupQuery { Devices = [header.Device], Ids = [header.Id] }, cancellationToken).ConfigureAwait(false))
        {
            return await context.Repository.ReadBackupAsync(known.ObjectName, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    private async Task CheckNameAsync(BackupHeader header, CancellationToken cancellationToken)
    {
        if (header.Name is not null)
        {
            await BackupNames.CheckIsFreeAsync(context.Catalog, header.Device, header.Name, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<BackupRecord> StoreAsync(ZipArchive archive, PortableHeader header, List<PortableItem> items, string path, AnnouncedReturns announced, CancellationToken cancellationToken)
    {
        var session = await context.Repository.BeginWriteAsync(cancellationToken).ConfigureAwait(false);
        await using var sessionLease = session.ConfigureAwait(false);
        var draft = session.BeginBackup();
        await using var draftLease = draft.ConfigureAwait(false);
        var done = 0;
        foreach (var item in items)
        {
            await draft.AddAsync(await StoreItemAsync(archive, session, item, path, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            observer.Progress(new OperationProgress($"Importing {header.Backup.Id}", item.Item.Path, ++done, items.Count));
        }

        var name = context.Repository.BackupObjectName(header.Backup.Device, header.Backup.Id);
        var record = await draft.CommitProvedAsync(
            header.Backup,
            digest => digest == header.StateDigest ? header.Backup.Changed : throw Damaged(path, "its items are not those that its header seals"),
            _ => announced.AnnounceIfRemovedAsync(name, cancellationToken),
            cancellationToken).ConfigureAwait(false);
        announced.Ended(name);
        return record;
    }

    private static async Task<SavedItem> StoreItemAsync(ZipArchive archive, WriteSession session, PortableItem item, string path, CancellationToken cancellationToken)
    {
        if (item.Item.Type != ItemType.File)
        {
            return session.Store(item.Item);
        }

        Stream content = Stream.Null;
        if (item.Data is { } number)
        {
            var entry = archive.GetEntry(PortableBackup.DataEntry(number)) ?? throw Damaged(path, $"the bytes of '{item.Item.Path}' are missing");
            content = entry.Length == item.Item.Length ? entry.Open() : throw Damaged(path, $"'{item.Item.Path}' has {entry.Length} bytes instead of {item.Item.Length}");
        }

        await using var lease = content.ConfigureAwait(false);
        var saved = await session.StoreAsync(item.Item with { Stamp = null }, content, cancellationToken).ConfigureAwait(false);
        return saved.Digest == item.Digest && saved.Item.Length == item.Item.Length ? saved : throw Damaged(path, $"the bytes of '{item.Item.Path}' were altered");
    }
}
