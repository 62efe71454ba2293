using System.Diagnostics;
using System.Management.Automation;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Sync;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Completion;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Copies a repository into another one with keys of its own, and says how far behind the copy is.</summary>
[Cmdlet(VerbsData.Sync, "EdgeRepository", SupportsShouldProcess = true)]
[OutputType(typeof(SyncResult))]
public sealed class SyncEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>The repository to copy into: a path, or an object from Get-EdgeRepository.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [RepositoryPath]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = "";

    /// <summary>Ids of devices; wildcards allowed. Without it, all.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DeviceIdCompleter))]
    public string[]? Device { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var destination = ResolvePath(Destination);
        var deed = Deed;
        RunInRepository(
            async (context, pipeline, cancellationToken) =>
            {
                var borrowed = await RepositorySession.Current.BorrowAsync(destination, cancellationToken).ConfigureAwait(false);
                await using var lease = borrowed.ConfigureAwait(false);
                borrowed.Context.Act(deed);
                var confirmed = await ConfirmAsync(pipeline, destination, $"Copy what is missing from '{context.Location}'").ConfigureAwait(false);
                if (!confirmed && !IsWhatIf)
                {
                    return;
                }

                var started = Stopwatch.GetTimestamp();
                var outcome = await new SyncRepository(context, borrowed.Context, pipeline.Observer)
                    .RunAsync(new SyncOptions { Devices = Device, WhatIf = !confirmed }, cancellationToken).ConfigureAwait(false);
                await pipeline.WriteAsync(ToOutput(context.Location, destination, outcome, Stopwatch.GetElapsedTime(started))).ConfigureAwait(false);
                foreach (var failure in outcome.Failed)
                {
                    var what = ToOutput(failure);
                    await pipeline.WriteErrorAsync(new EdgeBackupException(ErrorIds.BackupDamaged, $"Not copied: {what}", failure.Backup ?? failure.Device ?? context.Location)).ConfigureAwait(false);
                }
            },
            destination);
    }

    private static SyncResult ToOutput(string source, string destination, SyncOutcome outcome, TimeSpan duration) => new()
    {
        Source = source,
        Destination = destination,
        Copied = outcome.Copied,
        Failed = [.. outcome.Failed.Select(ToOutput)],
        Skipped = outcome.Skipped,
        Records = outcome.Records,
        BytesRead = outcome.BytesRead,
        BytesWritten = outcome.BytesWritten,
        Verified = outcome.Verified,
        Behind = outcome.Behind,
        NewestInSource = LocalTime.From(outcome.NewestInSource),
        NewestInCopy = LocalTime.From(outcome.NewestInCopy),
        Lag = outcome.Lag,
        Duration = duration,
    };

    private static SyncProblem ToOutput(SyncFailure failure) => new() { Device = failure.Device, Backup = failure.Backup, Path = failure.Path, Reason = failure.Reason };
}
