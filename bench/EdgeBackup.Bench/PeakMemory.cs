using System.Globalization;

namespace EdgeBackup.Bench;

/// <summary>The most memory this process had resident since a moment; on Linux the kernel keeps count.</summary>
internal static class PeakMemory
{
    private const string Status = "/proc/self/status";

    /// <returns>Bytes that are resident now; from here on the peak is counted anew.</returns>
    public static long Begin()
    {
        if (File.Exists("/proc/self/clear_refs"))
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }

        return Environment.WorkingSet;
    }

    /// <returns>Bytes.</returns>
    public static long Above(long before) => Read() - before;

    private static long Read()
    {
        if (!File.Exists(Status))
        {
            using var self = System.Diagnostics.Process.GetCurrentProcess();
            return self.PeakWorkingSet64;
        }

        var line = File.ReadLines(Status).First(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan("VmHWM:".Length).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
    }
}
