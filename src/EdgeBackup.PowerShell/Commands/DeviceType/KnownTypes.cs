using System.Management.Automation;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;
using WildcardPattern = System.Management.Automation.WildcardPattern;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>The device types that are known, also before there is any repository.</summary>
internal static class KnownTypes
{
    /// <param name="path">The repository that the user named; null for the session's, or none.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<(DeviceTypeCatalog Catalog, IReadOnlyList<DeviceTypeFileFault> Files, IReadOnlyCollection<EdgeBackupException> Records)> ReadAsync(string? path, CancellationToken cancellationToken)
    {
        try
        {
            var borrowed = await RepositorySession.Current.BorrowAsync(path, cancellationToken).ConfigureAwait(false);
            await using var lease = borrowed.ConfigureAwait(false);
            return await borrowed.Context.Types.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (path is null && exception.ErrorId is ErrorIds.RepositoryNotFound or ErrorIds.RepositoryKeyWrong)
        {
            var (types, faults) = DeviceTypeFolder.Read(RepositoryLocations.ForCurrentUser().Types);
            return (DeviceTypeCatalog.With(types, []), faults, []);
        }
    }

    /// <summary>The types that a user's words mean; words that mean none, and types that cannot be read, are errors in the pipeline.</summary>
    /// <param name="ids">Ids, wildcards allowed.</param>
    /// <param name="path">As for <see cref="ReadAsync"/>.</param>
    /// <param name="pipeline">Takes the errors.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<IReadOnlyList<DeviceTypeEntry>> SelectAsync(IReadOnlyList<string> ids, string? path, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        var (catalog, files, records) = await ReadAsync(path, cancellationToken).ConfigureAwait(false);
        WildcardPattern[] patterns = [.. ids.Select(id => new WildcardPattern(id, WildcardOptions.IgnoreCase))];
        foreach (var fault in files.Where(fault => Array.Exists(patterns, pattern => pattern.IsMatch(Path.GetFileNameWithoutExtension(fault.File)))))
        {
            await pipeline.WriteErrorAsync(new EdgeBackupException(ErrorIds.DeviceTypeInvalid, $"A file in the folder of types is not used: {fault.File}:{fault.Problem}.", fault.File)).ConfigureAwait(false);
        }

        foreach (var record in records)
        {
            await pipeline.WriteErrorAsync(record).ConfigureAwait(false);
        }

        foreach (var literal in ids.Where(id => !WildcardPattern.ContainsWildcardCharacters(id) && catalog.Get(id.ToLowerInvariant()) is null))
        {
            await pipeline.WriteErrorAsync(NotFound(literal, [.. catalog.Entries.Select(entry => entry.Type.Id)])).ConfigureAwait(false);
        }

        return [.. catalog.Entries.Where(entry => Array.Exists(patterns, pattern => pattern.IsMatch(entry.Type.Id)))];
    }

    private static ErrorRecord NotFound(string literal, IReadOnlyList<string> known) => new(
        new ItemNotFoundException($"There is no device type '{literal}'.{NearestNames.Suggest(literal, known)} Known are {string.Join(", ", known)}; a folder may be of any type."),
        "DeviceTypeNotFound",
        ErrorCategory.ObjectNotFound,
        literal);
}
