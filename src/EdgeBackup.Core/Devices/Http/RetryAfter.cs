using System.Net.Http.Headers;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>The Retry-After header (RFC 9110, section 10.2.3): seconds, or a date.</summary>
internal static class RetryAfter
{
    /// <summary>
    /// Longer than this nobody waits on a device's word: a command that asks for more is given up at once, since a hold
    /// keeps a whole site from charging meanwhile.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <returns>Null where the device does not say.</returns>
    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.RetryAfter is not { } value)
        {
            return null;
        }

        // A date is the device's; its own clock, where it sends one, says how far away that is.
        var wait = value.Delta ?? (value.Date - (headers.Date ?? now)) ?? TimeSpan.Zero;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
