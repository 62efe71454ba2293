namespace EdgeBackup.Core.Repository;

/// <summary>The top folders of sealed append-only records (docs/format.md, Sealed objects).</summary>
public enum RecordArea
{
    Devices,
    Events,
    Policies,
    Types,
}
