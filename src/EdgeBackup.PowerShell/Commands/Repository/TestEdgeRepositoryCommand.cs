using System.Diagnostics;
using System.Management.Automation;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Repository;
using EdgeBackup.PowerShell.Abstractions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Checks a repository: its structure, with -ReadData every byte.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeRepository")]
[OutputType(typeof(RepositoryTest))]
public sealed class TestEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>Reads every byte of every object.</summary>
    [Parameter]
    public SwitchParameter ReadData { get; set; }

    /// <summary>Proves that this recovery key still opens the repository.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RecoveryKey { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => RunInRepository(async (context, pipeline, cancellationToken) =>
    {
        var started = Stopwatch.GetTimestamp();
        if (RecoveryKey is not null)
        {
            await context.Repository.Keyring.ProveAsync(new RecoveryKeySecret(RecoveryKey), cancellationToken).ConfigureAwait(false);
        }

        var progress = new Progress(pipeline.Observer, context.Location);
        var report = await new VerifyRepository(context, pipeline.Observer).RunAsync(new VerifyOptions(ReadData), progress, cancellationToken).ConfigureAwait(false);
        await pipeline.WriteAsync(new RepositoryTest
        {
            Repository = context.Location,
            Healthy = report.Healthy,
            ReadData = ReadData,
            Damage = [.. report.Damage.Select(damage => damage.ToOutput())],
            Quarantined = [.. report.Quarantined],
            Notes = [.. report.Notes],
            RecoveryKeyProved = RecoveryKey is null ? null : true,
            Backups = report.Backups,
            Objects = report.Objects,
            BytesRead = report.Bytes,
            Duration = Stopwatch.GetElapsedTime(started),
        }).ConfigureAwait(false);
    });

    private sealed class Progress(IOperationObserver observer, string location) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => observer.Progress(
            new OperationProgress($"Testing {location}", $"{value.ObjectsDone} of {value.ObjectsTotal} objects", BytesDone: value.BytesDone, BytesTotal: value.BytesTotal));
    }
}
