using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Archives.Writing;

/// <summary>Writes the records of one file in their order.</summary>
internal interface IRecordWriter
{
    void Write(DeviceEvent record);

    void Write(in TrendRecord record);

    /// <summary>Writes what is still held back, and the end of the file.</summary>
    void Complete();
}
