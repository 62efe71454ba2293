using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations;

/// <summary>Writes down when backups of devices were last read back and found whole.</summary>
internal static class VerificationNotes
{
    private const int Parallel = 8;

    /// <summary>Notes it for devices, as far as the repository can be written: one that can only be read can be verified all the same.</summary>
    public static async Task WriteAsync(RepositoryContext context, IOperationObserver observer, IReadOnlyCollection<string> devices, CancellationToken cancellationToken)
    {
        var now = context.Clock.GetUtcNow();
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = given.Token };
        try
        {
            await System.Threading.Tasks.Parallel.ForEachAsync(devices, options, async (device, _) =>
            {
                try
                {
                    await context.Attempts.ChangeAsync(seen: null, device, state => state with { LastVerified = now }, CancellationToken.None).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is EdgeBackupException or IOException)
                {
                    observer.Verbose($"{device}: when it was last verified could not be written down: {exception.Message}");
                    if (exception is EdgeBackupException { ErrorId: ErrorIds.RepositoryNotWritable })
                    {
                        // Nor can it be for the others.
                        await given.CancelAsync().ConfigureAwait(false);
                    }
                }
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Given up, and told.
        }
    }
}
