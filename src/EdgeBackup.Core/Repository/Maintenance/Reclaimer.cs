using EdgeBackup.Core.Repository.Backups;

namespace EdgeBackup.Core.Repository.Maintenance;

internal sealed class Reclaimer(RepositoryCore core, ReclaimOptions options)
{
    public Task<ReclaimReport> RunAsync(CancellationToken cancellationToken) => throw new NotSupportedException($"{core} {options} {cancellationToken}");
}
