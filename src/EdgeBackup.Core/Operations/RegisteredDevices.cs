using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>Finds the devices that a user names.</summary>
public static class RegisteredDevices
{
    /// <summary>The registration of a device, replaced or not.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound, with the nearest ids.</exception>
    public static async Task<DeviceState> RequireAsync(RepositoryContext context, string device, CancellationToken cancellationToken)
    {
        var state = await context.Devices.GetAsync(device, cancellationToken).ConfigureAwait(false);
        return state.Registration is not null ? state : throw await NotFoundAsync(context, device, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The registration of a device that was not replaced.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound; DeviceReplaced, naming by which.</exception>
    public static async Task<DeviceRegistration> RequireActiveAsync(RepositoryContext context, string device, CancellationToken cancellationToken)
    {
        var state = await RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        return state.Fence is null ? state.Registration! : throw Replaced(device, state.Fence);
    }

    /// <summary>The refusal of a fenced device (R8).</summary>
    public static EdgeBackupException Replaced(string device, Fence fence) => new(
        ErrorIds.DeviceReplaced,
        $"The device '{device}' was replaced by '{fence.ReplacedBy}' on {fence.Time:u} by {fence.Author}{(fence.Reason is null ? "" : $" ({fence.Reason})")}. Use '{fence.ReplacedBy}' instead; if '{device}' is in service again, lift the fence: Set-EdgeDevice -Device '{device}' -State Active.",
        device);

    /// <summary>Checks that a device may stand below another.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound: the parent; DeviceRegistrationMismatch: the parent is the device itself or stands below it.</exception>
    public static async Task CheckParentAsync(RepositoryContext context, string device, string parent, CancellationToken cancellationToken)
    {
        var line = new List<string>();
        for (var above = parent; above is not null && !line.Contains(above, StringComparer.Ordinal);)
        {
            line.Add(above);
            if (above == device)
            {
                throw new EdgeBackupException(
                    ErrorIds.DeviceRegistrationMismatch,
                    line.Count == 1
                        ? $"The device '{device}' cannot be its own parent. Give the id of the server above it as -Parent, or leave -Parent out."
                        : $"The device '{device}' cannot stand below '{parent}', which stands below '{device}' itself ({string.Join(" below ", line)}). Give another -Parent, or first change that of '{line[^2]}'.",
                    device);
            }

            var state = line.Count == 1
                ? await RequireAsync(context, above, cancellationToken).ConfigureAwait(false)
                : await context.Devices.GetAsync(above, cancellationToken).ConfigureAwait(false);
            above = state.Registration?.Parent;
        }
    }

    /// <summary>The error for a literal id that matches nothing.</summary>
    public static async Task<EdgeBackupException> NotFoundAsync(RepositoryContext context, string device, CancellationToken cancellationToken) =>
        NotFound(device, await ListIdsAsync(context, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Turns what a user typed into the ids of registered devices. A wildcard that matches nothing gives nothing; a
    /// literal that matches nothing gives its error. A device whose log cannot be read whole is never passed over: the
    /// command fails for it (R16), by its id as far as that is known.
    /// </summary>
    /// <param name="context">The repository.</param>
    /// <param name="texts">Ids, literal or with wildcards.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="passOverReplaced">A wildcard means devices in service only; a literal means what it says.</param>
    /// <returns>For each id an outcome: the id, or the error and the text it is for.</returns>
    public static async Task<IReadOnlyList<(string Text, string? Id, EdgeBackupException? Error)>> ResolveAsync(
        RepositoryContext context,
        IEnumerable<string> texts,
        CancellationToken cancellationToken,
        bool passOverReplaced = false)
    {
        List<string>? ids = null;
        HashSet<string>? exact = null;
        IReadOnlyList<UnreadableDevice> unreadable = [];
        var outcomes = new List<(string, string?, EdgeBackupException?)>();
        foreach (var text in texts)
        {
            // An exact id costs a look at its own log only, however many devices there are. It may hold wildcard characters:
            // a device called 'a[1]' comes back through the pipeline with that id.
            var literal = WildcardPattern.HasWildcard(text) ? null : WildcardPattern.Unescape(text);
            if (MayBeId(text) && await IsRegisteredAsync(context, text, cancellationToken).ConfigureAwait(false))
            {
                outcomes.Add((text, text, null));
                continue;
            }

            if (literal is not null && literal != text && await IsRegisteredAsync(context, literal, cancellationToken).ConfigureAwait(false))
            {
                outcomes.Add((text, literal, null));
                continue;
            }

            if (ids is null)
            {
                unreadable = await UnreadableDevices.RefreshAsync(context, cancellationToken).ConfigureAwait(false);
                ids = await QueryIdsAsync(context, cancellationToken).ConfigureAwait(false);
            }

            if (literal is null)
            {
                var pattern = new WildcardPattern(text);
                var active = passOverReplaced ? await QueryIdsAsync(context, cancellationToken, replaced: false).ConfigureAwait(false) : ids;
                var unlisted = unreadable.Select(device => device.Device).OfType<string>().Except(ids, StringComparer.Ordinal);
                outcomes.AddRange(active.Concat(unlisted).Where(pattern.IsMatch).Select(id => (text, (string?)id, (EdgeBackupException?)null)));
                outcomes.AddRange(unreadable.Where(device => device.Device is null).Select(device => (text, (string?)null, (EdgeBackupException?)device.Problem)));
                unreadable = [.. unreadable.Where(device => device.Device is not null)];
                continue;
            }

            exact ??= ids.ToHashSet(StringComparer.Ordinal);
            var match = FindLiteral(literal, ids, exact);
            outcomes.Add(match is not null ? (text, match, null) : (text, null, NotFound(literal, ids)));
        }

        return outcomes;
    }

    /// <summary>One device from a text that may have a wildcard as long as it means one device.</summary>
    /// <exception cref="EdgeBackupException">DeviceNotFound: none, or more than one.</exception>
    public static async Task<string> ResolveOneAsync(RepositoryContext context, string text, CancellationToken cancellationToken)
    {
        var outcomes = await ResolveAsync(context, [text], cancellationToken).ConfigureAwait(false);
        return outcomes switch
        {
            [{ Id: { } id }] => id,
            [{ Error: { } error }] => throw error,
            [] => throw new EdgeBackupException(ErrorIds.DeviceNotFound, $"No registered device matches '{text}', and exactly one is needed here. Get-EdgeDevice lists the registered ones.", text),
            _ => throw new EdgeBackupException(
                ErrorIds.DeviceNotFound,
                $"'{text}' matches {outcomes.Count} devices ({string.Join(", ", outcomes.Take(5).Select(outcome => outcome.Id))}), and exactly one is needed here. Give the id.",
                text),
        };
    }

    /// <summary>
    /// Whether a text may be the very id of a device, as it comes through the pipeline, although it looks like a wildcard:
    /// 'edge[1]' may. With '*' or '?' it is a wildcard always, lest a device of that name stands for all.
    /// </summary>
    internal static bool MayBeId(string text) => !text.Contains('*', StringComparison.Ordinal) && !text.Contains('?', StringComparison.Ordinal);

    private static async Task<bool> IsRegisteredAsync(RepositoryContext context, string id, CancellationToken cancellationToken)
    {
        try
        {
            return (await context.Devices.GetAsync(id, cancellationToken).ConfigureAwait(false)).Registration is not null;
        }
        catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.RepositoryDamaged)
        {
            // It was once. The command fails for this device when it reads the log, and for no other.
            return true;
        }
    }

    private static EdgeBackupException NotFound(string device, IEnumerable<string> ids) => new(
        ErrorIds.DeviceNotFound,
        $"No device '{device}' is registered.{NearestNames.Suggest(device, ids)} Get-EdgeDevice lists the registered ones.",
        device);

    private static async Task<List<string>> ListIdsAsync(RepositoryContext context, CancellationToken cancellationToken)
    {
        await context.Catalog.RefreshDevicesAsync(cancellationToken).ConfigureAwait(false);
        return await QueryIdsAsync(context, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<string>> QueryIdsAsync(RepositoryContext context, CancellationToken cancellationToken, bool? replaced = null)
    {
        var ids = new List<string>();
        await foreach (var known in context.Catalog.QueryDevicesAsync(new DeviceQuery { Replaced = replaced }, cancellationToken).ConfigureAwait(false))
        {
            ids.Add(known.Id);
        }

        return ids;
    }

    /// <summary>Ids are exact; a different letter case is accepted where it means one device only.</summary>
    internal static string? FindLiteral(string literal, IReadOnlyList<string> ids, HashSet<string> exact)
    {
        if (exact.Contains(literal))
        {
            return literal;
        }

        var similar = ids.Where(id => string.Equals(id, literal, StringComparison.OrdinalIgnoreCase)).Take(2).ToList();
        return similar.Count == 1 ? similar[0] : null;
    }
}
