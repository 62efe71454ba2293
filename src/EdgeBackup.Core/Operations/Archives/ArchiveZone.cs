using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;
using NodaTime;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>The time zone in which a device stands, as its policy says it.</summary>
internal static class ArchiveZone
{
    /// <returns>Null where no policy names one: this machine's may be another.</returns>
    public static async Task<DateTimeZone?> FindAsync(RepositoryContext context, DeviceRegistration registration, CancellationToken cancellationToken)
    {
        var policies = await PolicyBook.LoadAsync(context.Repository, warn: null, cancellationToken).ConfigureAwait(false);
        return policies.For(registration.Id, registration.Type, registration.Tags, registration.Site).TimeZone is { } name ? TimeZones.Find(name) : null;
    }
}
