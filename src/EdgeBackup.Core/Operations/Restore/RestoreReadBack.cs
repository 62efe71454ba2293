using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Capture;

namespace EdgeBackup.Core.Operations.Restore;

/// <summary>The proof of a restore (R7): what a device holds after it, held against what was sent.</summary>
internal sealed class RestoreReadBack(TimeProvider clock, IOperationObserver observer)
{
    private static readonly TimeSpan RestartPoll = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RestartLimit = TimeSpan.FromMinutes(10);

    /// <summary>Waits until the device answers again, reads it and compares.</summary>
    /// <param name="contact">The device.</param>
    /// <param name="sent">What it should hold now, by path.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="isDeclared">Whether the device has said nothing against having put it into force. Otherwise it may give back what it does not use.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">RestoreVerifyFailed: it holds something else, could not be read, did not come back, or holds the same and proves nothing by that.</exception>
    public async Task RunAsync(DeviceContact contact, Dictionary<string, SavedItem> sent, RestoreOptions options, bool isDeclared, CancellationToken cancellationToken)
    {
        var items = 0;
        DeviceComparison comparison;
        try
        {
            await WaitForDeviceAsync(contact, cancellationToken).ConfigureAwait(false);
            comparison = await new DeviceReader(contact.Connection).CompareAsync(
                sent,
                BackupContent.All,
                item => observer.Progress(new OperationProgress($"Restoring {contact.Id}", $"reading back {item.Item.Path}", Interlocked.Increment(ref items), sent.Count)),
                cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId != ErrorIds.RestoreVerifyFailed)
        {
            // Whatever it is: the restore is made and not proven, and an old state may bring back an old password as well.
            throw new EdgeBackupException(
                ErrorIds.RestoreVerifyFailed,
                $"The device '{contact.Id}' took the restore, but it could not be read back: {exception.Message} Nobody has proven what it holds; see to that, then restore once more, or look at the device.",
                contact.Id,
                exception);
        }

        var differences = comparison.Differences.ToList();
        if (!options.IsOverlay)
        {
            differences.AddRange(comparison.Surplus(sent).Select(path => new NotSavedItem(path, "it should be gone and is still there")));
        }

        if (differences.Count > 0)
        {
            var list = string.Join("; ", differences.Take(10).Select(difference => $"{difference.Path}: {difference.Reason}"));
            throw new EdgeBackupException(
                ErrorIds.RestoreVerifyFailed,
                $"The device '{contact.Id}' took the restore, but reading it back shows {differences.Count} differences: {list}{(differences.Count > 10 ? "; and more" : "")}. {await AdviseAsync(contact, sent, comparison, isDeclared, cancellationToken).ConfigureAwait(false)}",
                contact.Id);
        }

        if (!isDeclared)
        {
            throw new EdgeBackupException(
                ErrorIds.RestoreVerifyFailed,
                $"The device '{contact.Id}' took all of the restore and gives it back as it was written, but does not say that it put it into force: it may have restarted before that, or its software never says so. Look at what it does: if that is the restored configuration, take a backup with New-EdgeBackup -SkipValidation, and the device counts as in order; if not, restore once more. Software that never says so ends each restore like this; look for a newer one.",
                contact.Id);
        }
    }

    /// <summary>What to do about a device that reads back otherwise: one that is restored whole may change its files by itself, and a second look tells.</summary>
    private async Task<string> AdviseAsync(DeviceContact contact, Dictionary<string, SavedItem> sent, DeviceComparison first, bool isDeclared, CancellationToken cancellationToken)
    {
        const string Advice = "Restore once more, or look at the device.";
        var says = isDeclared ? "The device itself says that it took everything" : "The device itself does not say that it put into force what it took";
        if (!contact.Connection.RestoresWhole)
        {
            return Advice;
        }

        try
        {
            observer.Verbose($"{contact.Id}: reading back once more, to see whether its files change by themselves.");
            var second = await new DeviceReader(contact.Connection).CompareAsync(sent, BackupContent.All, onCompared: null, cancellationToken).ConfigureAwait(false);
            var isSame = first.Digests.Count == second.Digests.Count && first.Digests.All(read => second.Digests.TryGetValue(read.Key, out var again) && again == read.Value);
            return isSame
                ? $"A second look showed the same. {says}; its files may hold what it changes by itself after a restore, which only its maker can tell from the rest. Look at the device; restore once more where something is wrong with it."
                : $"A second look showed something else again: the device changes its files by itself, so that reading them back proves nothing either way. {says}; look at what it does. Restoring once more will end the same.";
        }
        catch (EdgeBackupException exception)
        {
            observer.Verbose($"{contact.Id}: it could not be read once more: {exception.Message}");
            return Advice;
        }
    }

    private async Task WaitForDeviceAsync(DeviceContact contact, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await contact.LookAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.DeviceUnreachable or ErrorIds.DeviceResponseInvalid && clock.GetElapsedTime(started) < RestartLimit)
            {
                // A web server that boots may answer with a page of its own first.
                observer.Progress(new OperationProgress($"Restoring {contact.Id}", "waiting for the device to come back"));
                await Task.Delay(RestartPoll, clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
