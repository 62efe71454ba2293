using System.Management.Automation;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists the device types that are known: shipped, in the user's folder of types, in the repository.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeDeviceType")]
[OutputType(typeof(DeviceTypeInfo))]
public sealed class GetEdgeDeviceTypeCommand : EdgeRepositoryCommand
{
    /// <summary>Ids; wildcards allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceTypeCompleter))]
    public string[] Id { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = RepositoryPath;
        RunEach(
            async (writer, cancellationToken) =>
            {
                var pipeline = new OperationPipeline(writer);
                var (catalog, files, records) = await KnownTypes.ReadAsync(path, cancellationToken).ConfigureAwait(false);
                var patterns = Array.ConvertAll(Id, id => new System.Management.Automation.WildcardPattern(id, WildcardOptions.IgnoreCase));
                foreach (var fault in files.Where(fault => Array.Exists(patterns, pattern => pattern.IsMatch(Path.GetFileNameWithoutExtension(fault.File)))))
                {
                    await pipeline.WriteErrorAsync(new EdgeBackupException(ErrorIds.DeviceTypeInvalid, $"A file in the folder of types is not used: {fault.File}:{fault.Problem}.", fault.File)).ConfigureAwait(false);
                }

                foreach (var record in records)
                {
                    await pipeline.WriteErrorAsync(record).ConfigureAwait(false);
                }

                foreach (var literal in Id.Where(id => !System.Management.Automation.WildcardPattern.ContainsWildcardCharacters(id)))
                {
                    if (catalog.Get(literal.ToLowerInvariant()) is null)
                    {
                        await pipeline.WriteErrorAsync(NotFound(literal, [.. catalog.Entries.Select(entry => entry.Type.Id)])).ConfigureAwait(false);
                    }
                }

                foreach (var entry in catalog.Entries.Where(entry => Array.Exists(patterns, pattern => pattern.IsMatch(entry.Type.Id))))
                {
                    await pipeline.WriteAsync(entry.ToOutput()).ConfigureAwait(false);
                }
            },
            Repository);
    }

    private static ErrorRecord NotFound(string literal, IReadOnlyList<string> known) => new(
        new ItemNotFoundException($"There is no device type '{literal}'.{NearestNames.Suggest(literal, known)} Known are {string.Join(", ", known)}; a folder may be of any type."),
        "DeviceTypeNotFound",
        ErrorCategory.ObjectNotFound,
        literal);
}
