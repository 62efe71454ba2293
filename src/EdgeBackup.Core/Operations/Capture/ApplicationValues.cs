using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>
/// Values of level Cold that applications of a device have written (R12): the device keeps them in memory until it is
/// asked to write them down. A backup without them is better than none, so what goes wrong here is a warning, and
/// what is missing in the backup stands in its list of what was not saved.
/// </summary>
internal static class ApplicationValues
{
    private const int Shown = 5;

    /// <summary>Asks for them, where the device can be asked.</summary>
    public static async Task WriteDownAsync(DeviceContact contact, IOperationObserver observer, CancellationToken cancellationToken)
    {
        if (!CanBeAsked(contact))
        {
            return;
        }

        observer.Progress(new OperationProgress($"Backing up {contact.Id}", "the device is writing its applications' values down"));
        try
        {
            await contact.Connection.Server!.PersistAsync(cancellationToken).ConfigureAwait(false);
            observer.Verbose($"{contact.Id}: the values of its applications are written down.");
        }
        catch (EdgeBackupException exception)
        {
            observer.Warning($"{contact.Id}: values that its applications have written may be missing in the backup, or be old ones. {exception.Message}");
        }
    }

    /// <summary>Tells what is missing.</summary>
    /// <param name="contact">The device.</param>
    /// <param name="capture">All of its items were listed.</param>
    /// <param name="observer">Is warned.</param>
    public static void WarnOfMissing(DeviceContact contact, ICapture capture, IOperationObserver observer)
    {
        if (capture.Unwritten is not { Count: > 0 } missing)
        {
            return;
        }

        var why = CanBeAsked(contact) ? "the device has not written them down" : "the device cannot be asked to write them down";
        observer.Warning($"{contact.Id}: {missing.Count} values that its applications have written are not in the backup, because {why}: {string.Join(", ", missing.Take(Shown))}{(missing.Count > Shown ? ", ..." : "")}.");
    }

    private static bool CanBeAsked(DeviceContact contact) =>
        contact.Connection.Server is not null && contact.Status.Identity.Features.Contains(DeviceFeatures.Persist, StringComparer.Ordinal);
}
