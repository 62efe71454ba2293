using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>
/// The device's side of backup and restore (ASHRAE 135, clause 19.1), moved on by its clock. All public members may be
/// called from any thread.
/// </summary>
public sealed class SimulatedBackupProcedure
{
    private readonly SimulatedBacnetDevice device;
    private BacnetBackupState state;
    private DateTimeOffset readyAt;
    private DateTimeOffset lastAccess;
    private DateTimeOffset appliesAt;
    private DateTimeOffset? completesAt;
    private BacnetBackupState stale;
    private DateTimeOffset staleUntil;
    private Dictionary<uint, SimulatedBacnetFile>? before;

    internal SimulatedBackupProcedure(SimulatedBacnetDevice device) => this.device = device;

    public BacnetBackupState State => Locked(() => state);

    /// <summary>What Backup_And_Restore_State says.</summary>
    public BacnetBackupState ToldState => Locked(() => device.Clock.GetUtcNow() < staleUntil ? stale : state);

    /// <summary>How many backups were begun.</summary>
    public int Backups { get; private set; }

    /// <summary>How many restores were begun.</summary>
    public int Restores { get; private set; }

    /// <summary>How many restores ended with the new configuration in force.</summary>
    public int Completed { get; private set; }

    /// <summary>How many were broken off by ABORT_RESTORE.</summary>
    public int Aborted { get; private set; }

    /// <summary>How many ended because nobody touched the files for the failure timeout.</summary>
    public int TimedOut { get; private set; }

    /// <summary>When the last restore was completed; null: none was.</summary>
    public DateTimeOffset? LastRestore { get; private set; }

    internal bool IsRunning => state is not (BacnetBackupState.Idle or BacnetBackupState.BackupFailure or BacnetBackupState.RestoreFailure);

    /// <summary>Whether it has been told to answer nobody just now.</summary>
    internal bool IsSilent => device.Options.SilentWhilePreparing
        && (state is BacnetBackupState.PreparingForBackup or BacnetBackupState.PreparingForRestore || (completesAt is not null && !IsYetToApply));

    /// <summary>Whether it has taken END_RESTORE and goes on for a moment as if nothing were to come.</summary>
    internal bool IsYetToApply => completesAt is not null && device.Clock.GetUtcNow() < appliesAt;

    internal bool FilesAreReadable => state == BacnetBackupState.PerformingBackup;

    internal bool FilesAreWritable => state == BacnetBackupState.PerformingRestore && completesAt is null;

    /// <summary>Begins a backup as somebody else's tool would: every other client finds configuration-in-progress.</summary>
    public void StartBackupAsSomebodyElse() => Locked(() =>
    {
        StartBackup();
        return true;
    });

    /// <summary>Begins a restore as somebody else's tool would.</summary>
    public void StartRestoreAsSomebodyElse() => Locked(() =>
    {
        StartRestore();
        return true;
    });

    /// <summary>Stands in restore-failure, as after somebody else's restore that it could not use.</summary>
    public void FailRestoreAsSomebodyElse() => Locked(() =>
    {
        StartRestore();
        state = BacnetBackupState.RestoreFailure;
        before = null;
        staleUntil = default;
        return true;
    });

    internal void StartBackup()
    {
        Backups++;
        if (device.Faults.ChangesWithEachBackup && device.Files.Configuration is [var first, ..])
        {
            device.Files.Put(first, device.Files[first].Altered());
        }

        Begin(BacnetBackupState.PreparingForBackup, device.Options.BackupPreparation);
    }

    internal void StartRestore()
    {
        Restores++;
        before = device.Files.Snapshot();
        Begin(BacnetBackupState.PreparingForRestore, device.Options.RestorePreparation);
    }

    internal void EndBackup() => state = BacnetBackupState.Idle;

    /// <summary>Accepts the end of a restore; what comes of it is seen only when its completion time is over.</summary>
    internal void EndRestore()
    {
        appliesAt = device.Clock.GetUtcNow() + device.Options.RestoreDelay;
        completesAt = appliesAt + device.Options.RestoreCompletion;
        Advance();
    }

    internal void AbortRestore()
    {
        if (state is BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore)
        {
            Aborted++;
            GiveBack();
        }

        state = BacnetBackupState.Idle;
        completesAt = null;
    }

    /// <summary>A configuration file was read, written or created; to read its properties is no access.</summary>
    internal void Touch() => lastAccess = device.Clock.GetUtcNow();

    /// <summary>Forgets everything, as after a crash. What a restore had written so far is lost with it, unless it is told otherwise.</summary>
    internal void Forget()
    {
        if (state is BacnetBackupState.PreparingForRestore or BacnetBackupState.PerformingRestore && !device.Faults.KeepsWrittenFiles)
        {
            GiveBack();
        }

        state = BacnetBackupState.Idle;
        completesAt = null;
    }

    /// <summary>Lets happen what time has brought; called under the lock before anything is read.</summary>
    internal void Advance()
    {
        var now = device.Clock.GetUtcNow();
        if (state is BacnetBackupState.PreparingForBackup or BacnetBackupState.PreparingForRestore && now >= readyAt)
        {
            state = state == BacnetBackupState.PreparingForBackup ? BacnetBackupState.PerformingBackup : BacnetBackupState.PerformingRestore;
            lastAccess = readyAt;
        }

        if (completesAt is { } completion)
        {
            if (now >= completion)
            {
                Complete();
            }

            return;
        }

        if (state is BacnetBackupState.PerformingBackup or BacnetBackupState.PerformingRestore
            && now - lastAccess > device.Options.BackupFailureTimeout)
        {
            TimedOut++;
            if (state == BacnetBackupState.PerformingRestore)
            {
                GiveBack();
            }

            state = state == BacnetBackupState.PerformingBackup ? BacnetBackupState.BackupFailure : BacnetBackupState.RestoreFailure;
        }
    }

    private void Begin(BacnetBackupState preparing, TimeSpan preparation)
    {
        stale = state;
        staleUntil = device.Clock.GetUtcNow() + device.Options.StateLag;
        state = preparing;
        completesAt = null;
        lastAccess = device.Clock.GetUtcNow();
        readyAt = lastAccess + preparation;
        Advance();
    }

    /// <summary>
    /// A content that does not check is found out only now, after the acknowledgement, and what was written stays: the
    /// device is left with half a configuration, as real ones are.
    /// </summary>
    private void Complete()
    {
        completesAt = null;
        before = null;
        if (device.Faults.RestoreFails || (device.Options.ChecksContent && !device.Files.AreSealed()))
        {
            state = BacnetBackupState.RestoreFailure;
            return;
        }

        Completed++;
        LastRestore = device.Clock.GetUtcNow();
        device.DatabaseRevision++;
        state = BacnetBackupState.Idle;
    }

    private void GiveBack()
    {
        if (before is { } snapshot)
        {
            device.Files.Return(snapshot);
            before = null;
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (device.Sync)
        {
            Advance();
            return read();
        }
    }
}
