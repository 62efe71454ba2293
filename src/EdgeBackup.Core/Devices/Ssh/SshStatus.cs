using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// Who a device is and what runs on it: by the two files that make any folder a device, and by the commands of its type.
/// Kept as long as the connection, since the gate compares counters.
/// </summary>
internal sealed class SshStatus(SshTarget target, SshScope scope)
{
    private const int NoPlainFile = 200;
    private const string AbsentStamp = "absent";

    private readonly FolderTransactionsList transactions = new(target.Clock);

    private DeviceType? Definition => target.Options.Definition;

    /// <exception cref="EdgeBackupException">DeviceUnreachable, DeviceResponseInvalid.</exception>
    public async Task<DeviceStatus> ReadAsync(SshShell shell, CancellationToken cancellationToken)
    {
        var identity = await ReadIdentityAsync(shell, cancellationToken).ConfigureAwait(false);
        var (chargePoints, fault, stamp) = await ReadTransactionsAsync(shell, cancellationToken).ConfigureAwait(false);
        string? work = null;
        if (Definition?.Gate is { } gate)
        {
            var result = await shell.RunAsync(gate.Command, isOutputWanted: true, cancellationToken).ConfigureAwait(false);
            var reading = GateReader.Read(gate, result.Code, result.Output);
            work = reading.State == GateState.Busy ? reading.Reason : null;
            fault ??= reading.State == GateState.Unknown ? reading.Reason : null;
        }

        return new DeviceStatus
        {
            // Taken after the charge points, which are as old as the file was then.
            Identity = identity with { Time = target.Clock.GetUtcNow() },
            ChargePoints = chargePoints,
            RunningWork = work,
            GateFault = fault,
            TransactionsStamp = stamp,
        };
    }

    /// <summary>What runs on the device for certain. Where that cannot be known, what would tell it may be what was stopped.</summary>
    /// <returns>In words without a full stop, null where nothing does; and whether only the list of transactions says so.</returns>
    public async Task<(string? Work, bool IsOnlyListed)> FindWorkAsync(SshShell shell, CancellationToken cancellationToken)
    {
        try
        {
            var status = await ReadAsync(shell, cancellationToken).ConfigureAwait(false);
            var decision = TransactionGate.Evaluate(status, TransactionGate.DefaultSeenWithin);
            return decision.State == GateState.Busy ? (string.Join("; ", decision.Reasons), status.RunningWork is null) : default;
        }
        catch (EdgeBackupException exception) when (exception.ErrorId != ErrorIds.DeviceUnreachable)
        {
            return default;
        }
    }

    private async Task<DeviceIdentity> ReadIdentityAsync(SshShell shell, CancellationToken cancellationToken)
    {
        var options = target.Options;
        var rules = Definition?.Identity ?? new IdentityRules();
        var file = await ShowAsync(shell, FolderDevice.IdentityFile, cancellationToken).ConfigureAwait(false);
        var path = $"{scope.Root.TrimEnd('/')}/{FolderDevice.IdentityFile}";
        JsonDocument? document = null;
        try
        {
            document = file is null ? null : FolderJson.Parse(file.Bytes);
        }
        catch (JsonException exception)
        {
            throw FolderIdentity.Invalid(path, $"cannot be read ({exception.Message.TrimEnd('.')})", exception);
        }

        using (document)
        {
            var ruledId = await ReadValueAsync(shell, rules.Id, cancellationToken).ConfigureAwait(false);
            var ruled = options with
            {
                Id = ruledId ?? options.Id,
                Name = await ReadValueAsync(shell, rules.Name, cancellationToken).ConfigureAwait(false) ?? options.Name,
                Version = await ReadValueAsync(shell, rules.Version, cancellationToken).ConfigureAwait(false) ?? options.Version,
            };
            var identity = FolderIdentity.Read(document?.RootElement, path, scope.Root, ruled, target.Clock.GetUtcNow());
            return identity with
            {
                IsOwnId = identity.IsOwnId || ruledId is not null,
                Model = await ReadValueAsync(shell, rules.Model, cancellationToken).ConfigureAwait(false),
                Serial = await ReadValueAsync(shell, rules.Serial, cancellationToken).ConfigureAwait(false),
            };
        }
    }

    private static async Task<string?> ReadValueAsync(SshShell shell, ValueSource? source, CancellationToken cancellationToken)
    {
        // A file of the system may be a link, and one of the kernel tells no length: it is read as a command would.
        var command = source?.Command ?? (source?.File is { } file ? new DeviceCommand($"cat {RemoteScript.Quote(file)}", DeviceCommand.DefaultTimeout) : null);
        if (command is null)
        {
            return null;
        }

        var result = await shell.RunAsync(command, isOutputWanted: true, cancellationToken).ConfigureAwait(false);
        return result.Code == 0 ? ValueReader.Read(source!, result.Output) : null;
    }

    private async Task<(IReadOnlyList<ChargePoint> ChargePoints, string? Fault, string Stamp)> ReadTransactionsAsync(SshShell shell, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await ShowAsync(shell, FolderDevice.TransactionsFile, cancellationToken).ConfigureAwait(false) is not { } file)
                {
                    return ([], null, AbsentStamp);
                }

                using var document = FolderJson.Parse(file.Bytes);
                return (transactions.Read(document.RootElement), null, file.Stamp);
            }
            catch (Exception exception) when (exception is JsonException or EdgeBackupException { ErrorId: ErrorIds.DeviceResponseInvalid })
            {
                if (attempt == FolderTransactions.Tries)
                {
                    return ([], $"{FolderDevice.TransactionsFile} cannot be understood: {exception.Message.TrimEnd('.')}", "unreadable");
                }
            }

            // A device that writes the file in place is caught in the middle now and then.
            await Task.Delay(FolderTransactions.BetweenTries, target.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A small file as it is.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="EdgeBackupException">DeviceResponseInvalid: it is no plain file, may not be read, is too long, or is being written.</exception>
    private async Task<ShownFile?> ShowAsync(SshShell shell, string path, CancellationToken cancellationToken)
    {
        await shell.SendAsync("show", [RemoteListing.Name(path)], cancellationToken).ConfigureAwait(false);
        IReadOnlyDictionary<string, RemoteEntry> before;
        IReadOnlyDictionary<string, RemoteEntry> after;
        byte[] bytes;
        int code;
        try
        {
            before = await RemoteListing.ReadLooksAsync(shell, hasLinks: false, cancellationToken).ConfigureAwait(false);
            (bytes, code) = await shell.ReadAnswerAsync(cancellationToken).ConfigureAwait(false);
            after = await RemoteListing.ReadLooksAsync(shell, hasLinks: false, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException exception)
        {
            throw target.Errors.Invalid($"'{path}' cannot be looked at: {exception.Message}", exception);
        }

        if (before.Count == 0 && after.Count == 0)
        {
            return null;
        }

        var entry = after.Values.FirstOrDefault();
        var fault = code == NoPlainFile || entry?.Type != FileEntryType.File ? "is not a plain file (links are not followed)"
            : code != 0 ? "may not be read"
            : bytes.Length > FolderJson.LengthLimit ? "is too long"
            : bytes.Length != entry.Length || before.Values.FirstOrDefault()?.ModifiedText != entry.ModifiedText ? "is being written"
            : null;

        // Without the change time, which a second name or another mode moves.
        return fault is null
            ? new ShownFile(bytes, string.Create(CultureInfo.InvariantCulture, $"{entry!.Length}:{entry.ModifiedText}:{entry.FileId}"))
            : throw target.Errors.Create(ErrorIds.DeviceResponseInvalid, $"its file '{path}' {fault}. Correct it, then try again");
    }

    private sealed record ShownFile(byte[] Bytes, string Stamp);
}
