using System.IO.Enumeration;

namespace EdgeBackup.Simulator.Devices;

/// <summary>What is wrong with a simulated device. All members may be called from any thread.</summary>
public sealed class SimulatedFaults
{
    private readonly SimulatedDevice device;
    private readonly List<Waiting> waiting = [];
    private int reads;

    internal SimulatedFaults(SimulatedDevice device) => this.device = device;

    /// <summary>After so many item reads a transaction begins, whatever is held; null for never. Falls back to null when it happened.</summary>
    public int? TransactionAfterReads { get; set; }

    /// <summary>The longest hold that the device grants; null for as long as asked.</summary>
    public TimeSpan? LongestHold { get; set; }

    /// <summary>How long an accepted commit takes.</summary>
    public TimeSpan CommitDuration { get; set; }

    /// <summary>Why commits fail after they were accepted; null when they do not.</summary>
    public string? CommitFailure { get; set; }

    /// <summary>The next commit restarts the device; null when it does not.</summary>
    public CommitRestart? CommitRestart { get; set; }

    /// <summary>How long after an accepted request to stop a transaction ends; null for never.</summary>
    public TimeSpan? StopDelay { get; set; } = TimeSpan.Zero;

    /// <summary>Events and trend records before this number have fallen out of the buffer.</summary>
    public int OldestRecord { get; set; }

    /// <summary>How long writing the applications' values down takes after it was accepted; zero: it is done with the answer.</summary>
    public TimeSpan PersistDuration { get; set; }

    /// <summary>Why writing the applications' values down fails; null when it does not.</summary>
    public string? PersistFailure { get; set; }

    /// <summary>How long each change of the configuration that was queued takes once nothing is held.</summary>
    public TimeSpan ChangeDuration { get; set; }

    /// <summary>Lets a fault wait for its call; several are hit in the order in which they came.</summary>
    public void Add(SimulatedFault fault)
    {
        lock (device.Sync)
        {
            waiting.Add(new Waiting(fault));
        }
    }

    /// <summary>Mends everything.</summary>
    public void Clear()
    {
        lock (device.Sync)
        {
            waiting.Clear();
            reads = 0;
            TransactionAfterReads = null;
            LongestHold = null;
            CommitDuration = TimeSpan.Zero;
            CommitFailure = null;
            CommitRestart = null;
            StopDelay = TimeSpan.Zero;
            OldestRecord = 0;
            PersistDuration = TimeSpan.Zero;
            PersistFailure = null;
            ChangeDuration = TimeSpan.Zero;
        }
    }

    internal SimulatedFault? Take(string method, string path)
    {
        lock (device.Sync)
        {
            foreach (var candidate in waiting)
            {
                if (candidate.Matches(method, path) && candidate.Take())
                {
                    return candidate.Fault;
                }
            }

            return null;
        }
    }

    internal void CountRead()
    {
        lock (device.Sync)
        {
            if (TransactionAfterReads is { } limit && ++reads >= limit)
            {
                TransactionAfterReads = null;
                reads = 0;
                (device.ChargePoints is [var first, ..] ? first : null)?.StartTransaction(despiteHold: true);
            }
        }
    }

    private sealed class Waiting(SimulatedFault fault)
    {
        private int skip = fault.Skip;
        private int times = fault.Times;

        public SimulatedFault Fault => fault;

        public bool Matches(string method, string path) =>
            (fault.Method is null || string.Equals(fault.Method, method, StringComparison.OrdinalIgnoreCase))
            && (fault.Path is null || FileSystemName.MatchesSimpleExpression(fault.Path, path, ignoreCase: false));

        public bool Take()
        {
            if (times == 0)
            {
                return false;
            }

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
