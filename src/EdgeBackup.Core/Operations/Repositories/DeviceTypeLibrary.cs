using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>The device types that are known with a repository open: shipped, in the user's folder, in the repository.</summary>
public sealed class DeviceTypeLibrary
{
    private readonly DeviceTypeBook book;
    private readonly Func<string?> findFolder;

    /// <param name="book">The repository's.</param>
    /// <param name="findFolder">The user's folder of types; null for none.</param>
    internal DeviceTypeLibrary(DeviceTypeBook book, Func<string?> findFolder)
    {
        this.book = book;
        this.findFolder = findFolder;
    }

    /// <summary>Reads all types, and what is wrong with those that are left out: with files of the folder, with records of the repository.</summary>
    public async Task<(DeviceTypeCatalog Catalog, IReadOnlyList<DeviceTypeFileFault> Files, IReadOnlyCollection<EdgeBackupException> Records)> ReadAsync(CancellationToken cancellationToken)
    {
        var (types, faults) = findFolder() is { } folder ? DeviceTypeFolder.Read(folder) : ([], []);
        var (records, damaged) = await book.ReadAsync(cancellationToken).ConfigureAwait(false);
        return (DeviceTypeCatalog.With(types, records), faults, [.. damaged.Values]);
    }

    /// <summary>The type of this id for a device that is reached in this way, and where it comes from.</summary>
    /// <returns>Null where there is no such type, or where it cannot be reached in this way.</returns>
    /// <exception cref="EdgeBackupException">
    /// RepositoryDamaged, RepositoryFormatUnsupported: the repository has it and it cannot be read; without its rules the
    /// wrong things would be saved. DeviceTypeInvalid: the file in the user's folder that is named so is wrong.
    /// </exception>
    public async Task<DeviceTypeEntry?> FindAsync(string? id, ConnectionKind connection, CancellationToken cancellationToken)
    {
        var kept = id is null ? null : await book.FindAsync(id, cancellationToken).ConfigureAwait(false);
        DeviceTypeEntry[] records = kept is null ? [] : [kept];
        var known = DeviceTypeCatalog.With([], records);
        if (known.Get(id) is null && findFolder() is { } folder)
        {
            var (types, faults) = DeviceTypeFolder.Read(folder);
            known = DeviceTypeCatalog.With(types, records);
            if (known.Get(id) is null && faults.FirstOrDefault(fault => string.Equals(Path.GetFileNameWithoutExtension(fault.File), id, StringComparison.Ordinal)) is { } fault)
            {
                throw new EdgeBackupException(
                    ErrorIds.DeviceTypeInvalid,
                    $"The device type '{id}' cannot be used: {fault.File}:{fault.Problem}. Correct the file, then try again.",
                    id);
            }
        }

        return known.Find(id, connection) is { } type
            ? known.Get(id) ?? new DeviceTypeEntry(type, DeviceTypeSource.BuiltIn, Location: null, Json: default)
            : null;
    }

    /// <summary>
    /// Keeps a type of this machine in the repository, so that other machines know it too. Shipped types need not be kept.
    /// </summary>
    /// <returns>Whether a new version was written.</returns>
    public async Task<bool> KeepAsync(DeviceTypeEntry entry, CancellationToken cancellationToken) =>
        entry.Source == DeviceTypeSource.Folder && await book.AddAsync(entry, cancellationToken).ConfigureAwait(false);

    /// <summary>Reads a file that a user gives as a type.</summary>
    /// <param name="file">Absolute.</param>
    /// <exception cref="EdgeBackupException">DeviceTypeInvalid: it cannot be read, is wrong, or has the id of a shipped type.</exception>
    public static DeviceTypeEntry ReadFile(string file)
    {
        byte[] json;
        try
        {
            json = DeviceTypeFolder.ReadFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EdgeBackupException(ErrorIds.DeviceTypeInvalid, $"The device type '{file}' cannot be read: {exception.Message.TrimEnd('.')}. Check the path.", file, exception);
        }

        var type = Devices.Types.Reading.DeviceTypeReader.ReadGood(json, file);
        return DeviceTypeCatalog.IsBuiltIn(type.Id)
            ? throw new EdgeBackupException(ErrorIds.DeviceTypeInvalid, $"'{file}' has the id '{type.Id}', which is that of a type shipped with EdgeBackup. Give your type an id of its own, or leave the file out: -Type {type.Id}", file)
            : new DeviceTypeEntry(type, DeviceTypeSource.Folder, file, json);
    }
}
