namespace EdgeBackup.Simulator.Devices;

/// <summary>A restore session's state, in the interface's words.</summary>
public enum SimulatedRestoreState
{
    Open,
    Performing,
    Completed,
    Failed,
}

/// <summary>One restore session.</summary>
public sealed class SimulatedRestore
{
    internal SimulatedRestore(string id, bool replace, int items, long bytes)
    {
        Id = id;
        Replace = replace;
        Items = items;
        Bytes = bytes;
    }

    public string Id { get; }

    public bool Replace { get; }

    /// <summary>How many items were announced.</summary>
    public int Items { get; }

    /// <summary>How many bytes were announced.</summary>
    public long Bytes { get; }

    public SimulatedRestoreState State { get; internal set; }

    public string? Detail { get; internal set; }

    internal Dictionary<string, byte[]> Staged { get; } = new(StringComparer.Ordinal);

    internal DateTimeOffset LastCall { get; set; }

    internal DateTimeOffset FinishesAt { get; set; }

    internal string? FailsWith { get; set; }
}

/// <summary>The restore sessions of a simulated device; every internal member is called under the device's lock.</summary>
public sealed class SimulatedRestores
{
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(15);

    private readonly SimulatedDevice device;
    private readonly Dictionary<string, SimulatedRestore> sessions = new(StringComparer.Ordinal);

    internal SimulatedRestores(SimulatedDevice device) => this.device = device;

    /// <summary>How many commits were accepted since the device was switched on.</summary>
    public int Commits { get; private set; }

    /// <summary>Every session that the device still knows.</summary>
    public IReadOnlyList<SimulatedRestore> Sessions
    {
        get
        {
            lock (device.Sync)
            {
                device.Advance();
                return [.. sessions.Values];
            }
        }
    }

    /// <summary>The session that is open or performing, or null.</summary>
    public SimulatedRestore? Current => Sessions.FirstOrDefault(IsUnfinished);

    /// <summary>Opens a session as another client would.</summary>
    public SimulatedRestore Open(bool replace = true, int items = 0, long bytes = 0)
    {
        lock (device.Sync)
        {
            var session = new SimulatedRestore($"r{Guid.NewGuid():N}", replace, items, bytes) { LastCall = device.Clock.GetUtcNow() };
            sessions.Add(session.Id, session);
            return session;
        }
    }

    internal SimulatedRestore? Find(string id)
    {
        if (sessions.TryGetValue(id, out var session))
        {
            session.LastCall = device.Clock.GetUtcNow();
        }

        return session;
    }

    internal void Drop(string id) => sessions.Remove(id);

    internal void ForgetAll() => sessions.Clear();

    /// <summary>Accepts a commit; it takes as long, and ends, as the faults say.</summary>
    internal void Commit(SimulatedRestore session)
    {
        Commits++;
        session.State = SimulatedRestoreState.Performing;
        session.FinishesAt = device.Clock.GetUtcNow() + device.Faults.CommitDuration;
        session.FailsWith = device.Faults.CommitFailure;
        if (device.Faults.CommitRestart is null)
        {
            Advance(device.Clock.GetUtcNow());
        }
    }

    internal void Advance(DateTimeOffset now)
    {
        foreach (var session in sessions.Values.ToList())
        {
            if (session.State == SimulatedRestoreState.Open && now - session.LastCall > IdleLimit)
            {
                sessions.Remove(session.Id);
            }

            if (session.State == SimulatedRestoreState.Performing && now >= session.FinishesAt)
            {
                Finish(session);
            }
        }
    }

    internal void Finish(SimulatedRestore session)
    {
        if (session.FailsWith is { } detail)
        {
            session.State = SimulatedRestoreState.Failed;
            session.Detail = detail;
            return;
        }

        session.State = SimulatedRestoreState.Completed;
        device.Items.Apply(session.Staged, session.Replace);
    }

    private static bool IsUnfinished(SimulatedRestore session) =>
        session.State is SimulatedRestoreState.Open or SimulatedRestoreState.Performing;
}
