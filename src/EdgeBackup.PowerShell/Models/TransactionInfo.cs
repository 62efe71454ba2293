namespace EdgeBackup;

/// <summary>A charging session on a connector of a charge point.</summary>
public sealed class TransactionInfo
{
    /// <summary>The id of the controller.</summary>
    public required string Device { get; init; }

    /// <summary>The charge point's id.</summary>
    public required string ChargePoint { get; init; }

    /// <summary>The connector's number.</summary>
    public required int Connector { get; init; }

    /// <summary>The transaction's id; null where a connector is busy without telling one.</summary>
    public string? Id { get; init; }

    /// <summary>When it began, local time; null where the device does not say.</summary>
    public DateTime? Started { get; init; }

    /// <summary>The connector's status as the device tells it.</summary>
    public string? Status { get; init; }
}
