using System.Management.Automation;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.PowerShell.Completion;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Lists archives by what they say of themselves.</summary>
[Cmdlet(VerbsCommon.Get, "EdgeArchive")]
[OutputType(typeof(ArchiveInfo))]
public sealed class GetEdgeArchiveCommand : ArchiveCommand
{
    /// <summary>Ids of devices; wildcards allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Device { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var devices = Array.ConvertAll(Device, text => new Core.Catalog.WildcardPattern(text));
        RunForPaths(
            async (context, path, pipeline, cancellationToken) =>
            {
                var key = context is null ? null : await context.Archives.FindKeyAsync(cancellationToken).ConfigureAwait(false);
                foreach (var folder in ArchiveFolder.Find(path))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await pipeline.GuardAsync(
                        async () =>
                        {
                            var archive = ArchiveFolder.Open(folder);
                            if (devices.Length == 0 || Array.Exists(devices, pattern => pattern.IsMatch(archive.Manifest.Device)))
                            {
                                await pipeline.WriteAsync(archive.ToOutput(context is null ? null : key?.PublicKey == archive.Manifest.PublicKey)).ConfigureAwait(false);
                            }
                        },
                        folder).ConfigureAwait(false);
                }
            },
            usesSession: false);
    }
}
