namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What a device says of the restores that came into force: both change with each (clause 19.1.3). Null: it does not say.</summary>
/// <param name="Time">Last_Restore_Time.</param>
/// <param name="Revision">Database_Revision.</param>
internal readonly record struct RestoreMark(BacnetValue? Time, BacnetValue? Revision)
{
    public static IReadOnlyList<BacnetProperty> Asked { get; } = [BacnetProperty.LastRestoreTime, BacnetProperty.DatabaseRevision];

    public bool IsTold => Time is not null || Revision is not null;

    /// <summary>For people, with their verb.</summary>
    public string Names => (Time, Revision) switch
    {
        (null, _) => "its Database_Revision is",
        (_, null) => "its Last_Restore_Time is",
        _ => "its Last_Restore_Time and its Database_Revision are",
    };

    /// <summary>Whether a restore came into force between this and what the device says now.</summary>
    public bool IsPassedBy(RestoreMark now) => Differs(Time, now.Time) || Differs(Revision, now.Revision);

    private static bool Differs(BacnetValue? before, BacnetValue? now) => before is not null && now is not null && !before.Equals(now);
}
