using System.Globalization;

namespace EdgeBackup.Core.Devices.Gate;

/// <summary>
/// R2 and R3: no backup and no restore while a transaction runs, and what cannot be known counts as running. Pure: from
/// what a device said to a decision.
/// </summary>
public static class TransactionGate
{
    /// <summary>How long ago a charge point may have been heard of, where no policy says otherwise.</summary>
    public static TimeSpan DefaultSeenWithin { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Decides after one look.</summary>
    /// <param name="status">What the device said.</param>
    /// <param name="seenWithin">The longest time that a charge point may have been silent, by the device's own clock.</param>
    public static GateDecision Evaluate(DeviceStatus status, TimeSpan seenWithin)
    {
        var busy = new List<string>();
        var unknown = new List<string>();
        var running = new List<RunningTransaction>();
        if (status.RunningWork is { } work)
        {
            busy.Add(work);
        }

        if (status.GateFault is { } fault)
        {
            unknown.Add($"its transactions could not be read ({fault.TrimEnd('.')})");
        }

        foreach (var chargePoint in status.ChargePoints)
        {
            FindUnknown(chargePoint, status.Identity.Time, seenWithin, unknown);
            foreach (var connector in chargePoint.Connectors)
            {
                Judge(chargePoint.Id, connector, busy, unknown, running);
            }
        }

        var state = busy.Count > 0 ? GateState.Busy : unknown.Count > 0 ? GateState.Unknown : GateState.Idle;
        return new GateDecision(state, [.. busy, .. unknown], running);
    }

    /// <summary>Whether anything began, or may have begun, between two looks (R3).</summary>
    public static bool TransactionBegan(DeviceStatus before, DeviceStatus after) =>
        !LookAgain(before, after, DefaultSeenWithin).Stands;

    /// <summary>Decides after a capture.</summary>
    /// <param name="before">The look before the capture, which found the device idle.</param>
    /// <param name="after">The look after its last item was read.</param>
    /// <param name="seenWithin">As for <see cref="Evaluate"/>.</param>
    public static SecondLook LookAgain(DeviceStatus before, DeviceStatus after, TimeSpan seenWithin)
    {
        var began = new List<string>();
        var unknown = new List<string>();
        var now = Evaluate(after, seenWithin);
        if (now.State == GateState.Busy)
        {
            began.AddRange(now.Reasons);
        }
        else
        {
            unknown.AddRange(now.Reasons);
        }

        if (after.GateFault is not null)
        {
            // Nothing was read, so that nothing can be compared.
            return new SecondLook(GateState.Unknown, unknown);
        }

        // Ids may repeat in a bad answer; the last one is as good as any, since such an answer is judged as it stands.
        var earlier = new Dictionary<string, ChargePoint>(StringComparer.Ordinal);
        foreach (var chargePoint in before.ChargePoints)
        {
            earlier[chargePoint.Id] = chargePoint;
        }

        foreach (var chargePoint in after.ChargePoints)
        {
            if (!earlier.Remove(chargePoint.Id, out var known))
            {
                unknown.Add($"the charge point '{chargePoint.Id}' appeared meanwhile");
            }
            else if (chargePoint.TransactionsStarted > known.TransactionsStarted)
            {
                began.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{chargePoint.TransactionsStarted - known.TransactionsStarted} started on the charge point '{chargePoint.Id}'"));
            }
            else if (chargePoint.TransactionsStarted < known.TransactionsStarted)
            {
                // The counter only ever grows, so a smaller one is another counter: nothing can be concluded from it.
                unknown.Add($"the transaction counter of the charge point '{chargePoint.Id}' began anew");
            }
        }

        unknown.AddRange(earlier.Keys.Select(id => $"the charge point '{id}' vanished meanwhile"));
        if (!string.Equals(before.TransactionsStamp, after.TransactionsStamp, StringComparison.Ordinal))
        {
            began.Add("the device's list of transactions was written meanwhile");
        }

        var state = began.Count > 0 ? GateState.Busy : unknown.Count > 0 ? GateState.Unknown : GateState.Idle;
        return new SecondLook(state, [.. began, .. unknown]);
    }

    private static void FindUnknown(ChargePoint chargePoint, DateTimeOffset? time, TimeSpan seenWithin, List<string> unknown)
    {
        if (!chargePoint.Online)
        {
            unknown.Add($"the charge point '{chargePoint.Id}' is offline");
        }

        if (time is null)
        {
            unknown.Add($"the device does not tell its time, so that nobody knows when the charge point '{chargePoint.Id}' was last seen");
        }
        else if (chargePoint.LastSeen is not { } lastSeen)
        {
            unknown.Add($"the device does not tell when the charge point '{chargePoint.Id}' was last seen");
        }
        else if (time - lastSeen > seenWithin)
        {
            unknown.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"the charge point '{chargePoint.Id}' was last seen at {lastSeen.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, longer than {seenWithin:c} ago"));
        }

        if (chargePoint.PendingMessages > 0)
        {
            unknown.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"the charge point '{chargePoint.Id}' has {chargePoint.PendingMessages} undelivered transaction messages"));
        }
    }

    private static void Judge(string chargePoint, Connector connector, List<string> busy, List<string> unknown, List<RunningTransaction> running)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"connector {connector.Id} of the charge point '{chargePoint}'");
        if (connector.Transaction is { } transaction)
        {
            var since = transaction.Started is { } started
                ? string.Create(CultureInfo.InvariantCulture, $" since {started.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z")
                : "";
            busy.Add($"the transaction '{transaction.Id}' runs on {place}{since} ({connector.Status})");
            running.Add(new RunningTransaction(chargePoint, connector.Id, transaction.Id, transaction.Started, connector.Status));
            return;
        }

        // OCPP 1.6, 4.9: Preparing and Finishing are not transactions, the two Suspended states are.
        switch (connector.Status)
        {
            case "Charging" or "SuspendedEV" or "SuspendedEVSE":
                busy.Add($"{place} is {connector.Status}");
                running.Add(new RunningTransaction(chargePoint, connector.Id, TransactionId: null, Started: null, connector.Status));
                break;
            case "Available" or "Preparing" or "Finishing" or "Reserved" or "Unavailable" or "Faulted":
                break;
            default:
                unknown.Add($"{place} has the unknown status '{connector.Status}'");
                break;
        }
    }
}
