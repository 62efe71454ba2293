using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>A portable file that was written.</summary>
/// <param name="Backup">The backup's id.</param>
/// <param name="Device">The device's id.</param>
/// <param name="Path">The file, absolute.</param>
/// <param name="Length">Its bytes.</param>
public sealed record ExportedBackup(string Backup, string Device, string Path, long Length);

/// <summary>Writes a backup into one portable file: <c>Export-EdgeBackup</c>.</summary>
public sealed class ExportBackup
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ExportBackup(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>The file that a backup would be written to.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="path">A file's absolute path, or a folder's.</param>
    /// <param name="several">Whether other backups go to the same path, which is a folder then.</param>
    public static string FileFor(CatalogBackup backup, string path, bool several)
    {
        var isFolder = several || Directory.Exists(path) || Path.EndsInDirectorySeparator(path);
        if (!isFolder)
        {
            return path;
        }

        var device = new string(backup.Device.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' ? character : '_').Take(60).ToArray());
        return Path.Combine(path, $"{device}_{backup.Created:yyyyMMddTHHmmssZ}_{backup.Id}{PortableBackup.Extension}");
    }

    /// <summary>Writes a backup.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="file">From <see cref="FileFor"/>; it appears whole or not at all and never replaces another.</param>
    /// <param name="cancellationToken">Leaves nothing behind.</param>
    /// <exception cref="EdgeBackupException">DestinationNotEmpty: the file exists; BackupDamaged; RestoreFailed: it cannot be written.</exception>
    public async Task<ExportedBackup> RunAsync(CatalogBackup backup, string file, CancellationToken cancellationToken)
    {
        if (File.Exists(file) || Directory.Exists(file))
        {
            throw new EdgeBackupException(ErrorIds.DestinationNotEmpty, $"'{file}' exists already and is not overwritten. Give another path.", file);
        }

        var reading = await context.Repository.BeginReadAsync(cancellationToken).ConfigureAwait(false);
        await using var readingLease = reading.ConfigureAwait(false);
        var record = await context.Repository.ReadBackupAsync(backup.ObjectName, cancellationToken).ConfigureAwait(false);
        var folder = Path.GetDirectoryName(file)!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(file)}.{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(folder);
            await WriteFileAsync(record, temporary, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, file);
            context.Platform.FlushDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(ErrorIds.RestoreFailed, $"The backup {backup.Id} could not be written to '{file}': {exception.Message} The backup is unharmed; choose another path or make room.", file, exception);
        }
        finally
        {
            File.Delete(temporary);
        }

        await context.NoteReadingAsync(observer, EdgeEventCategory.Backup, "Exported", $"The backup {record.Id} of '{record.Device}' was written to '{file}'.", record.Device, record.Id).ConfigureAwait(false);
        return new ExportedBackup(record.Id, record.Device, file, new FileInfo(file).Length);
    }

    private async Task WriteFileAsync(BackupRecord record, string path, CancellationToken cancellationToken)
    {
        var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, useAsync: true);
        await using var streamLease = stream.ConfigureAwait(false);
        context.Platform.RestrictToUser(path);
        var lines = new MemoryStream();
        var count = 0;
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            var data = 0;
            await foreach (var saved in context.Repository.ReadItemsAsync(record, cancellationToken).ConfigureAwait(false))
            {
                int? number = saved.Item.Type == ItemType.File && saved.Item.Length > 0 ? ++data : null;
                if (number is { } entryNumber)
                {
                    await WriteEntryAsync(archive, PortableBackup.DataEntry(entryNumber), context.Repository.OpenItem(record, saved), cancellationToken).ConfigureAwait(false);
                }

                JsonSerializer.Serialize(lines, new PortableItem(saved.Item with { Stamp = null }, saved.Digest, number), PortableJson.Default.PortableItem);
                lines.WriteByte((byte)'\n');
                count++;
                observer.Progress(new OperationProgress($"Exporting {record.Id}", saved.Item.Path, ItemsDone: count));
            }

            var itemBytes = lines.ToArray();
            await WriteEntryAsync(archive, PortableBackup.ItemsEntry, new MemoryStream(itemBytes), cancellationToken).ConfigureAwait(false);
            var header = new PortableHeader
            {
                Format = PortableBackup.Format,
                FormatVersion = PortableBackup.FormatVersion,
                Backup = Header(record),
                Items = count,
                ItemsDigest = Convert.ToHexStringLower(SHA256.HashData(itemBytes)),
                StateDigest = record.StateDigest,
            };
            var headerBytes = JsonSerializer.SerializeToUtf8Bytes(header, PortableJson.Default.PortableHeader);
            await WriteEntryAsync(archive, PortableBackup.HeaderEntry, new MemoryStream(headerBytes), cancellationToken).ConfigureAwait(false);
        }

        await PortableSeal.WriteAsync(stream, cancellationToken).ConfigureAwait(false);
        stream.Flush(flushToDisk: true);
    }

    private static BackupHeader Header(BackupRecord record) => new()
    {
        Id = record.Id,
        Device = record.Device,
        DeviceName = record.DeviceName,
        DeviceType = record.DeviceType,
        Version = record.Version,
        Name = record.Name,
        Kind = record.Kind,
        Content = record.Content,
        Created = record.Created,
        Changed = record.Changed,
        NotSaved = record.NotSaved,
        Author = record.Author,
        Suspect = record.Suspect,
        Group = record.Group,
    };

    private static async Task WriteEntryAsync(ZipArchive archive, string name, Stream content, CancellationToken cancellationToken)
    {
        await using var contentLease = content.ConfigureAwait(false);
        var entry = archive.CreateEntry(name, CompressionLevel.Fastest);
        // One fixed time: the same backup gives the same file.
        entry.LastWriteTime = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var target = entry.Open();
        await using var targetLease = target.ConfigureAwait(false);
        await content.CopyToAsync(target, 1 << 16, cancellationToken).ConfigureAwait(false);
    }
}
