namespace EdgeBackup.Core.Repository;

/// <summary>The top folders of sealed records (docs/format.md, Sealed objects).</summary>
public enum RecordArea
{
    Devices,
    Events,
    Policies,
    Types,
    Notifications,

    /// <summary>Runs of archives by device, and the key that signs archives.</summary>
    Archives,

    /// <summary>The only ones that are not kept: each takes the place of the one before.</summary>
    Attempts,
}
