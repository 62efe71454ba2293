using System.Text;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Files;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Metrics;

/// <summary>Tells Prometheus how the devices and the repository stand: <c>Export-EdgeBackupMetric</c>. Reads, and writes nothing into the repository.</summary>
public sealed class ExportMetrics
{
    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public ExportMetrics(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>Makes the text: metric by metric, within each by device id.</summary>
    /// <param name="devices">Ids, literal or with wildcards; null for all. Replaced devices have no metrics.</param>
    /// <param name="onError">Takes literals that match nothing, and records that cannot be read; the rest is told.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<string> RunAsync(IReadOnlyCollection<string>? devices, Func<EdgeBackupException, Task> onError, CancellationToken cancellationToken)
    {
        var options = new FindDevicesOptions { Ids = devices ?? [], Replaced = false };
        var listed = devices is { Count: 0 } ? [] : await new FindDevices(context, observer).RunAsync(options, onError, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        var newest = await context.Catalog.QueryNewestAsync(cancellationToken).ToDictionaryAsync(backup => backup.Device, StringComparer.Ordinal, cancellationToken: cancellationToken).ConfigureAwait(false);
        var text = new PrometheusText();
        DeviceMetrics.Write(text, context.Repository.Id, [.. listed.Select(device => new MeasuredDevice(device, newest.GetValueOrDefault(device.Device.Id)))]);
        await WriteRepositoryAsync(text, cancellationToken).ConfigureAwait(false);
        return text.ToString();
    }

    /// <summary>Writes a text where the collector reads it: whole or not at all, and readable by everybody.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">As for IOException.</exception>
    public void Write(string path, string text) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(text), context.Platform, readableByAll: true);

    private async Task WriteRepositoryAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        var labels = PrometheusText.Labels(("repository", context.Repository.Id), ("path", context.Location));
        await context.Catalog.RefreshBackupsAsync(devices: null, cancellationToken).ConfigureAwait(false);
        var backups = 0;
        await foreach (var summary in context.Catalog.SummarizeBackupsAsync(cancellationToken).ConfigureAwait(false))
        {
            backups += summary.Count;
        }

        long bytes = 0;
        await foreach (var pack in context.Repository.Store.ListAsync("packs/", cancellationToken).ConfigureAwait(false))
        {
            bytes += pack.Length;
        }

        Add("edgebackup_repository_backups", "Backups in the repository.", backups);
        Add("edgebackup_repository_size_bytes", "Bytes that the contents of all backups take in the repository.", bytes);
        await WriteVerificationsAsync(text, cancellationToken).ConfigureAwait(false);
        Add("edgebackup_export_timestamp_seconds", "When this was written.", PrometheusText.Timestamp(context.Clock.GetUtcNow()));

        void Add(string name, string help, double value)
        {
            text.Begin(name, help);
            text.Sample(name, labels, value);
        }
    }

    /// <summary>The newest verification of the structure alone, and the newest that read every byte.</summary>
    private async Task WriteVerificationsAsync(PrometheusText text, CancellationToken cancellationToken)
    {
        var newest = new SortedDictionary<string, EdgeEvent>(StringComparer.Ordinal);
        var query = new EventQuery { Categories = [EdgeEventCategory.Repository], Actions = [VerifyRepository.Action] };
        await foreach (var verified in context.Catalog.QueryEventsAsync(query, cancellationToken).ConfigureAwait(false))
        {
            if (verified.Verification is { } found)
            {
                newest[found.ReadData ? "data" : "structure"] = verified;
            }
        }

        Add("edgebackup_repository_last_verified_timestamp_seconds", "When Test-EdgeRepository last checked the repository: its structure, or every byte of its data.", verified => PrometheusText.Timestamp(verified.Time));
        Add("edgebackup_repository_damaged", "What that check found damaged; 0 for nothing.", verified => verified.Verification!.Damage);

        void Add(string name, string help, Func<EdgeEvent, double> read)
        {
            text.Begin(name, help);
            foreach (var (depth, verified) in newest)
            {
                text.Sample(name, PrometheusText.Labels(("repository", context.Repository.Id), ("path", context.Location), ("depth", depth)), read(verified));
            }
        }
    }
}
