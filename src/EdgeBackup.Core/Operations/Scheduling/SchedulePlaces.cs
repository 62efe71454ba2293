using System.Collections.Concurrent;
using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Operations.Capture;

namespace EdgeBackup.Core.Operations.Scheduling;

/// <summary>
/// How many devices are called and read at once. Many may be called, since one that does not answer costs nothing but
/// time, and only those that have answered take a place among the few that are read: so neither dead nor silent devices
/// hold up the others.
/// </summary>
internal sealed class SchedulePlaces : IDisposable
{
    private const int FewestCalls = 64;
    private const int CallsPerRead = 4;

    private readonly SemaphoreSlim calls;
    private readonly SemaphoreSlim reads;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> sites = new(StringComparer.OrdinalIgnoreCase);
    private readonly int siteLimit;

    /// <param name="limit">Devices that are read at once, over all.</param>
    /// <param name="siteLimit">Devices that are read at once at one site or address.</param>
    public SchedulePlaces(int limit, int siteLimit)
    {
        calls = new SemaphoreSlim(Math.Max(FewestCalls, CallsPerRead * limit));
        reads = new SemaphoreSlim(limit);
        this.siteLimit = siteLimit;
    }

    /// <summary>Waits until a device may be called.</summary>
    /// <returns>Dispose when it is done with.</returns>
    public async Task<IDisposable> CallAsync(CancellationToken cancellationToken)
    {
        await calls.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Call(calls);
    }

    /// <summary>A place among those that are read.</summary>
    public ICapturePlace For(CatalogDevice device) =>
        new ReadPlace(reads, FindSite(device) is { } site ? sites.GetOrAdd(site, _ => new SemaphoreSlim(siteLimit)) : null);

    public void Dispose()
    {
        calls.Dispose();
        reads.Dispose();
        foreach (var site in sites.Values)
        {
            site.Dispose();
        }
    }

    /// <summary>What devices share: their site, or the machine behind their addresses. A folder on this machine shares nothing.</summary>
    internal static string? FindSite(CatalogDevice device) =>
        device.Site is { Length: > 0 } site ? "site " + site
        : Uri.TryCreate(device.Address, UriKind.Absolute, out var address) && address.Host.Length > 0 ? "address " + address.Authority
        : null;

    private sealed class Call(SemaphoreSlim calls) : IDisposable
    {
        private SemaphoreSlim? held = calls;

        public void Dispose() => Interlocked.Exchange(ref held, null)?.Release();
    }

    private sealed class ReadPlace(SemaphoreSlim reads, SemaphoreSlim? site) : ICapturePlace
    {
        private int state;

        public async Task EnterAsync(CancellationToken cancellationToken)
        {
            // The site first: whoever waits for a slow one takes no place from the others.
            if (site is not null)
            {
                await site.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            try
            {
                await reads.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                site?.Release();
                throw;
            }

            Volatile.Write(ref state, 1);
        }

        public void Leave()
        {
            if (Interlocked.Exchange(ref state, 0) == 1)
            {
                reads.Release();
                site?.Release();
            }
        }
    }
}
