using EdgeBackup.Core.Devices.Gate;

namespace EdgeBackup.PowerShell.Commands;

internal static class TransactionMapping
{
    public static TransactionInfo ToOutput(this RunningTransaction transaction, string device) => new()
    {
        Device = device,
        ChargePoint = transaction.ChargePoint,
        Connector = transaction.Connector,
        Id = transaction.TransactionId,
        Started = LocalTime.From(transaction.Started),
        Status = transaction.Status,
    };
}
