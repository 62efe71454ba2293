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

    /// <summary>Checks; never throws for damage.</summary>
    public async Task<VerificationReport> RunAsync(VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var report = await context.Repository.VerifyAsync(options, progress, cancellationToken).ConfigureAwait(false);
        var message = $"{(options.ReadData ? "Every byte" : "The structure")} of the repository was checked: {(report.Healthy ? "nothing is damaged" : $"{report.Damage.Count} damaged")}.";
        try
        {
            await context.NoteVerificationAsync(Action, message, new VerificationNote(options.ReadData, report.Damage.Count)).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException)
        {
            // A repository that can only be read can be checked all the same.
            observer.Verbose($"When the repository was last checked could not be written down: {exception.Message}");
        }

        return report;
    }
}
