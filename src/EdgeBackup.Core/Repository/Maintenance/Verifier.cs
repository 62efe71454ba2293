using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance;

internal sealed class Verifier(RepositoryCore core, VerifyOptions options, IProgress<VerifyProgress>? progress)
{
    public Task<VerificationReport> RunAsync(CancellationToken cancellationToken) => throw new NotSupportedException($"{core} {options} {progress} {cancellationToken}");
}
