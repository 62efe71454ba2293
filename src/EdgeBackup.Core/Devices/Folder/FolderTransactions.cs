using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>Which transactions run in a folder, from <c>edge-transactions.json</c>.</summary>
internal sealed class FolderTransactions(IPlatform platform, TimeProvider timeProvider)
{
    public const int Tries = 4;

    public static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(50);

    private readonly FolderTransactionsList list = new(timeProvider);

    /// <summary>Reads the file.</summary>
    /// <param name="root">The device's folder.</param>
    /// <param name="cancellationToken">Ends the short waits for a file that is just being written.</param>
    public async Task<FolderTransactionsAnswer> ReadAsync(string root, CancellationToken cancellationToken)
    {
        var path = Path.Combine(root, FolderDevice.TransactionsFile);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var stamp = Stamp(path);
                using var document = await FolderJson.ReadAsync(path, platform, cancellationToken).ConfigureAwait(false);
                return document is null
                    ? new FolderTransactionsAnswer([], Fault: null, Stamp: "absent")
                    : new FolderTransactionsAnswer(list.Read(document.RootElement), Fault: null, stamp);
            }
            catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
            {
                if (attempt == Tries)
                {
                    return new FolderTransactionsAnswer(
                        [],
                        $"{FolderDevice.TransactionsFile} cannot be understood: {exception.Message.TrimEnd('.')}",
                        "unreadable");
                }
            }

            // A device that writes the file in place is caught in the middle now and then.
            await Task.Delay(BetweenTries, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Without the change time: a restore gives the file a second name, which moves that time and nothing else.</summary>
    private string Stamp(string path) => platform.Stat(path) is { } entry
        ? string.Create(CultureInfo.InvariantCulture, $"{entry.Length}:{entry.Modified.UtcTicks}:{entry.FileId}")
        : "absent";
}

/// <summary>What the file said.</summary>
/// <param name="ChargePoints">Those with a running transaction.</param>
/// <param name="Fault">Why it could not be read, or null.</param>
/// <param name="Stamp">Another one means that it was written meanwhile.</param>
internal sealed record FolderTransactionsAnswer(IReadOnlyList<ChargePoint> ChargePoints, string? Fault, string Stamp);
