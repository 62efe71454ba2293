using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations;

/// <summary>Checks a repository: <c>Test-EdgeRepository</c>.</summary>
public sealed class VerifyRepository
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public VerifyRepository(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Checks the repository; when every byte was read, notes it for the devices whose newest backup was found whole.</summary>
    /// <param name="readData">Read every byte.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<VerificationReport> RunAsync(bool readData, CancellationToken cancellationToken)
    {
        var report = await context.Repository.VerifyAsync(new VerifyOptions(readData), new Progress(observer, context.Location), cancellationToken).ConfigureAwait(false);
        await VerificationNotes.WriteAsync(context, observer, report.VerifiedDevices, cancellationToken).ConfigureAwait(false);
        return report;
    }

    private sealed class Progress(IOperationObserver observer, string location) : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => observer.Progress(
            new OperationProgress($"Testing {location}", $"{value.ObjectsDone} of {value.ObjectsTotal} objects", BytesDone: value.BytesDone, BytesTotal: value.BytesTotal));
    }
}
