using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>Checks a repository, and notes what was found where it can be written: <c>Test-EdgeRepository</c>.</summary>
public sealed class VerifyRepository
{
    internal const string Action = "Verified";

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public VerifyRepository(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>
    /// Checks the repository; never throws for damage. What was found becomes an event; when every byte was read, it is
    /// also noted for the devices whose newest backup was found whole.
    /// </summary>
    /// <param name="readData">Read every byte.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<VerificationReport> RunAsync(bool readData, CancellationToken cancellationToken)
    {
        var report = await context.Repository.VerifyAsync(new VerifyOptions(readData), new Progress(observer, context.Location), cancellationToken).ConfigureAwait(false);
        var message = $"{(readData ? "Every byte" : "The structure")} of the repository was checked: {(report.Healthy ? "nothing is damaged" : $"{report.Damage.Count} damaged")}.";
        try
        {
            await context.NoteVerificationAsync(Action, message, new VerificationNote(readData, report.Damage.Count)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            // A repository that can only be read can be checked all the same.
            observer.Verbose($"When the repository was last checked could not be written down: {exception.Message}");
        }

        await VerificationNotes.WriteAsync(context, observer, report.VerifiedDevices, cancellationToken).ConfigureAwait(false);
        return report;
    }

    private sealed class Progress(IOperationObserver observer, string location) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => observer.Progress(
            new OperationProgress($"Testing {location}", $"{value.ObjectsDone} of {value.ObjectsTotal} objects", BytesDone: value.BytesDone, BytesTotal: value.BytesTotal));
    }
}
