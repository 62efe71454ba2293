using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>What is wrong with a simulated BACnet device. All members may be called from any thread.</summary>
public sealed class SimulatedBacnetFaults
{
    private readonly SimulatedBacnetDevice device;
    private readonly List<Waiting> waiting = [];
    private int reads;

    internal SimulatedBacnetFaults(SimulatedBacnetDevice device) => this.device = device;

    /// <summary>Restores are acknowledged at END_RESTORE and then fail.</summary>
    public bool RestoreFails { get; set; }

    /// <summary>After so many answered AtomicReadFiles the content of the file that is read changes; null for never. Falls back to null when it happened.</summary>
    public int? AlterAfterReads { get; set; }

    /// <summary>The first configuration file changes whenever a backup is begun, as where a device writes its values into it.</summary>
    public bool ChangesWithEachBackup { get; set; }

    /// <summary>AtomicReadFile says at this position that the file ends, although it goes on; null: it tells the truth.</summary>
    public int? EndOfFileAt { get; set; }

    /// <summary>AtomicReadFile gives no more bytes, or records, than this in one answer; null: as many as asked.</summary>
    public int? LargestRead { get; set; }

    /// <summary>File_Size and Record_Count tell this, whatever the file holds; null: its length.</summary>
    public int? ToldLength { get; set; }

    /// <summary>AtomicReadFile and ReadRange answer with what stands so many places further than asked; 0: with what was asked for.</summary>
    public int ReadsFurther { get; set; }

    /// <summary>A crash in a restore leaves in the files what was written, as where they are written in place; the configuration in force stays the old one.</summary>
    public bool KeepsWrittenFiles { get; set; }

    /// <summary>A file keeps no more bytes, or records, than this; the writes are acknowledged. Null: it keeps all.</summary>
    public int? MostKept { get; set; }

    /// <summary>Of one AtomicWriteFile no more records than this are kept; it is acknowledged. Null: all.</summary>
    public int? MostRecordsKept { get; set; }

    /// <summary>It answers so many requests more, then nobody; null: it goes on.</summary>
    public int? SilentAfterRequests { get; set; }

    /// <summary>Lets a fault wait for its request; several are hit in the order in which they came.</summary>
    public void Add(SimulatedBacnetFault fault)
    {
        lock (device.Sync)
        {
            waiting.Add(new Waiting(fault));
        }
    }

    /// <summary>Mends everything but the wire.</summary>
    public void Clear()
    {
        lock (device.Sync)
        {
            waiting.Clear();
            reads = 0;
            RestoreFails = false;
            AlterAfterReads = null;
            ChangesWithEachBackup = false;
            EndOfFileAt = null;
            LargestRead = null;
            ToldLength = null;
            ReadsFurther = 0;
            KeepsWrittenFiles = false;
            MostKept = null;
            MostRecordsKept = null;
            SilentAfterRequests = null;
        }
    }

    internal SimulatedBacnetFault? Take(ReceivedBacnetRequest request) =>
        waiting.FirstOrDefault(candidate => candidate.Matches(request) && candidate.Take())?.Fault;

    /// <summary>Whether this request is one too many.</summary>
    internal bool IsExhausted()
    {
        if (SilentAfterRequests is not { } left)
        {
            return false;
        }

        SilentAfterRequests = Math.Max(0, left - 1);
        return left == 0;
    }

    internal void CountRead(uint file)
    {
        if (AlterAfterReads is { } limit && ++reads >= limit && device.Files.Find(file) is { } content)
        {
            AlterAfterReads = null;
            reads = 0;
            device.Files.Put(file, content.Altered());
        }
    }

    private sealed class Waiting(SimulatedBacnetFault fault)
    {
        private int skip = fault.Skip;
        private int times = fault.Times;

        public SimulatedBacnetFault Fault => fault;

        public bool Matches(ReceivedBacnetRequest request) =>
            times != 0
            && (fault.Service is null || fault.Service == request.Service)
            && (fault.State is null || fault.State == request.State)
            && (fault.Property is null || fault.Property == request.Property)
            && (fault.LongerThan is null || request.Length > fault.LongerThan);

        public bool Take()
        {
            if (skip > 0)
            {
                skip--;
                return false;
            }

            times = times < 0 ? times : times - 1;
            return true;
        }
    }
}
