using System.Runtime.CompilerServices;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Formatting;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>Base of the completers that go through the registered devices.</summary>
internal abstract class RegisteredDeviceCompleter : RepositoryCompleter
{
    protected override Task RefreshAsync(RepositoryContext context, CompletionQuery query, CancellationToken cancellationToken) =>
        context.Catalog.RefreshDevicesAsync(cancellationToken);

    protected override async IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var device in context.Catalog.QueryDevicesAsync(new DeviceQuery(), cancellationToken).ConfigureAwait(false))
        {
            foreach (var candidate in Read(device))
            {
                yield return candidate;
            }
        }
    }

    protected abstract IEnumerable<Candidate> Read(CatalogDevice device);

    protected static string Describe(CatalogDevice device)
    {
        var state = device.ReplacedBy is { } replacement ? $"replaced by {replacement}"
            : device.LastBackup is { } last ? $"newest backup {Ago(last)}"
            : "no backup yet";
        return device.Name is null ? $"{device.Id}: {device.Type}, {state}" : $"{device.Name}: {device.Type}, {state}";
    }

    private static string Ago(DateTimeOffset time) => DisplayText.Since(time.LocalDateTime) is "just now" ? "just now" : $"{DisplayText.Since(time.LocalDateTime)} ago";
}

/// <summary>Ids of registered devices; also found by the devices' names.</summary>
internal class DeviceIdCompleter : RegisteredDeviceCompleter
{
    protected override IEnumerable<Candidate> Read(CatalogDevice device) => [new Candidate(device.Id, Describe(device), device.Name)];
}

/// <summary>As <see cref="DeviceIdCompleter"/>, for a parameter that takes an id as it is written.</summary>
internal sealed class LiteralDeviceIdCompleter : DeviceIdCompleter
{
    protected override bool TakesWildcards => false;
}

/// <summary>Ids of devices that are registered or have backups.</summary>
internal sealed class KnownDeviceIdCompleter : DeviceIdCompleter
{
    protected override async IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var candidate in base.FindAsync(context, query, cancellationToken).ConfigureAwait(false))
        {
            yield return candidate;
        }

        await foreach (var id in context.Catalog.QueryDeviceIdsAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return new Candidate(id, $"{id}: not registered any more");
        }
    }
}

/// <summary>Ids of devices that -Device may replace: all but that one and those that were replaced.</summary>
internal sealed class ReplacedDeviceIdCompleter : RegisteredDeviceCompleter
{
    protected override bool TakesWildcards => false;

    protected override async IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var replacement = query.Given("Device");
        await foreach (var candidate in base.FindAsync(context, query, cancellationToken).ConfigureAwait(false))
        {
            if (!replacement.Contains(candidate.Text, StringComparer.OrdinalIgnoreCase))
            {
                yield return candidate;
            }
        }
    }

    protected override IEnumerable<Candidate> Read(CatalogDevice device) => device.ReplacedBy is null ? [new Candidate(device.Id, Describe(device), device.Name)] : [];
}

/// <summary>Names of registered devices.</summary>
internal sealed class DeviceNameCompleter : RegisteredDeviceCompleter
{
    protected override IEnumerable<Candidate> Read(CatalogDevice device) => device.Name is { Length: > 0 } name ? [new Candidate(name, $"{device.Id}: {device.Type}")] : [];
}

/// <summary>Tags of registered devices.</summary>
internal class TagCompleter : RegisteredDeviceCompleter
{
    protected override IEnumerable<Candidate> Read(CatalogDevice device) => device.Tags.Select(tag => new Candidate(tag));
}

/// <summary>As <see cref="TagCompleter"/>, for a parameter that takes a tag as it is written.</summary>
internal sealed class LiteralTagCompleter : TagCompleter
{
    protected override bool TakesWildcards => false;
}

/// <summary>Sites of registered devices.</summary>
internal class SiteCompleter : RegisteredDeviceCompleter
{
    protected override IEnumerable<Candidate> Read(CatalogDevice device) => device.Site is { Length: > 0 } site ? [new Candidate(site)] : [];
}

/// <summary>As <see cref="SiteCompleter"/>, for a parameter that takes a site as it is written.</summary>
internal sealed class LiteralSiteCompleter : SiteCompleter
{
    protected override bool TakesWildcards => false;
}

/// <summary>Owners of registered devices.</summary>
internal class OwnerCompleter : RegisteredDeviceCompleter
{
    protected override IEnumerable<Candidate> Read(CatalogDevice device) => device.Owner is { Length: > 0 } owner ? [new Candidate(owner)] : [];
}

/// <summary>As <see cref="OwnerCompleter"/>, for a parameter that takes an owner as it is written.</summary>
internal sealed class LiteralOwnerCompleter : OwnerCompleter
{
    protected override bool TakesWildcards => false;
}

/// <summary>Device types: those that are shipped, in the user's folder or in the repository, and those that devices were registered with.</summary>
internal sealed class DeviceTypeCompleter : RegisteredDeviceCompleter
{
    // A type has no character that could be a wildcard.
    protected override bool TakesWildcards => false;

    protected override IEnumerable<Candidate> FindFixed(CompletionQuery query) => ToCandidates(DeviceTypeCatalog.BuiltIn);

    protected override async IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var candidate in ToCandidates((await context.Types.ReadAsync(cancellationToken).ConfigureAwait(false)).Catalog))
        {
            yield return candidate;
        }

        await foreach (var candidate in base.FindAsync(context, query, cancellationToken).ConfigureAwait(false))
        {
            yield return candidate;
        }
    }

    protected override IEnumerable<Candidate> Read(CatalogDevice device) => [new Candidate(device.Type)];

    private static IEnumerable<Candidate> ToCandidates(DeviceTypeCatalog catalog) => catalog.Entries.Select(entry => new Candidate(entry.Type.Id, entry.Type.Title));
}
