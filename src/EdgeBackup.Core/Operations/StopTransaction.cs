using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Gate;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Capture;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>Asks a device to stop transactions and waits until they have ended: <c>Stop-EdgeTransaction</c>.</summary>
public sealed class StopTransaction
{
    private static readonly TimeSpan PollTime = TimeSpan.FromSeconds(1);

    private readonly RepositoryContext context;
    private readonly IOperationObserver observer;

    public StopTransaction(RepositoryContext context, IOperationObserver observer)
    {
        this.context = context;
        this.observer = observer;
    }

    /// <summary>What would be stopped.</summary>
    public async Task<IReadOnlyList<RunningTransaction>> FindAsync(string device, string? chargePoint, int? connector, CancellationToken cancellationToken)
    {
        var running = await new InspectDevice(context, observer).GetTransactionsAsync(device, cancellationToken).ConfigureAwait(false);
        return running.Where(transaction => Matches(transaction, chargePoint, connector)).ToList();
    }

    /// <summary>Stops transactions.</summary>
    /// <param name="device">The device's id.</param>
    /// <param name="transactions">From <see cref="FindAsync"/>.</param>
    /// <param name="timeout">How long to wait for the end after the device has accepted.</param>
    /// <param name="cancellationToken">Ends the wait; what the device accepted it may still do.</param>
    /// <returns>Those that have ended.</returns>
    /// <exception cref="EdgeBackupException">DeviceBusy: accepted and still running when the time was over; what a contact may throw.</exception>
    public async Task<IReadOnlyList<RunningTransaction>> RunAsync(string device, IReadOnlyList<RunningTransaction> transactions, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var state = await RegisteredDevices.RequireAsync(context, device, cancellationToken).ConfigureAwait(false);
        var contact = await DeviceContact.OpenAsync(context, state.Registration!, observer, cancellationToken).ConfigureAwait(false);
        await using var lease = contact.ConfigureAwait(false);
        foreach (var transaction in transactions)
        {
            await contact.Connection.StopTransactionAsync(transaction.ChargePoint, transaction.Connector, cancellationToken).ConfigureAwait(false);
            await context.NoteAsync(
                observer,
                EdgeEventCategory.Device,
                "StopRequested",
                $"The transaction {transaction.TransactionId ?? "(without id)"} on connector {transaction.Connector} of charge point {transaction.ChargePoint} was asked to stop.",
                device).ConfigureAwait(false);
        }

        var started = context.Clock.GetTimestamp();
        while (true)
        {
            var decision = TransactionGate.Evaluate(await contact.LookAsync(cancellationToken).ConfigureAwait(false), TransactionGate.DefaultSeenWithin);
            var left = transactions.Where(transaction => decision.Running.Any(running => IsSame(running, transaction))).ToList();
            if (left.Count == 0)
            {
                return transactions;
            }

            if (context.Clock.GetElapsedTime(started) >= timeout)
            {
                throw new EdgeBackupException(
                    ErrorIds.DeviceBusy,
                    $"The device '{device}' accepted the request, but after {timeout.TotalSeconds:0} s {string.Join(", ", left.Select(Describe))} still ran. Look again with Get-EdgeTransaction; a vehicle may have to be unplugged.",
                    device);
            }

            observer.Progress(new OperationProgress($"Stopping transactions on {device}", string.Join(", ", left.Select(Describe)), transactions.Count - left.Count, transactions.Count));
            await Task.Delay(PollTime, context.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Describe(RunningTransaction transaction) =>
        $"{transaction.TransactionId ?? transaction.Status} on connector {transaction.Connector} of {transaction.ChargePoint}";

    private static bool Matches(RunningTransaction transaction, string? chargePoint, int? connector) =>
        (chargePoint is null || string.Equals(transaction.ChargePoint, chargePoint, StringComparison.OrdinalIgnoreCase))
        && (connector is null || transaction.Connector == connector);

    private static bool IsSame(RunningTransaction first, RunningTransaction second) =>
        first.ChargePoint == second.ChargePoint && first.Connector == second.Connector && first.TransactionId == second.TransactionId;
}
