using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Tests.Durability.Model;

/// <summary>A backup that was acknowledged.</summary>
internal sealed record Promise(KnownBackup Backup)
{
    public BackupRecord Record => Backup.Record;

    public bool IsProtected { get; set; }
}

/// <summary>The model: what was acknowledged, and what retention may have taken since.</summary>
internal sealed class Promises
{
    private const int Months = 6;
    private const int ManualLimit = 10;

    private readonly List<Promise> all = [];
    private readonly List<(string Device, DateTimeOffset Time)> manualAttempts = [];
    private readonly Lock sync = new();

    public IReadOnlyList<Promise> All
    {
        get
        {
            lock (sync)
            {
                return [.. all];
            }
        }
    }

    public void Made(KnownBackup backup)
    {
        lock (sync)
        {
            all.Add(new Promise(backup));
        }
    }

    /// <summary>A manual backup may exist also when it was not acknowledged, and push out the oldest.</summary>
    public void Tried(string device, DateTimeOffset time)
    {
        lock (sync)
        {
            manualAttempts.Add((device, time));
        }
    }

    /// <summary>What has to be there, whatever has happened.</summary>
    public IReadOnlyList<KnownBackup> Standing(DateTimeOffset now)
    {
        lock (sync)
        {
            return [.. all.Where(promise => !MayBeGone(promise, now)).Select(promise => promise.Backup)];
        }
    }

    private bool MayBeGone(Promise promise, DateTimeOffset now)
    {
        if (promise.IsProtected)
        {
            return false;
        }

        return promise.Record.Kind == BackupKind.Manual
            ? manualAttempts.Count(attempt => attempt.Device == promise.Record.Device && attempt.Time >= promise.Record.Created) > ManualLimit
            : promise.Record.Created.AddMonths(Months) <= now.AddDays(1);
    }
}
