using System.Diagnostics;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.TestWorker.Crash;

/// <summary>
/// The system as it is, until the process kills itself in front of a call of a given number: nothing is flushed, closed or
/// said after that, as with a kill from outside, and the same step can be met again.
/// </summary>
internal sealed class DyingPlatform(IPlatform platform) : IPlatform
{
    private int calls;

    /// <summary>In front of which call it ends, from the next one on; 0 for none.</summary>
    public int DiesAt { get; set; }

    /// <summary>Since <see cref="Arm"/>.</summary>
    public int Calls => Volatile.Read(ref calls);

    public bool HasWindowsNames => platform.HasWindowsNames;

    /// <summary>Counts from here.</summary>
    public void Arm(int diesAt)
    {
        Volatile.Write(ref calls, 0);
        DiesAt = diesAt;
    }

    public FileEntry? Stat(string path)
    {
        Count();
        return platform.Stat(path);
    }

    public void FlushDirectory(string path)
    {
        Count();
        platform.FlushDirectory(path);
    }

    public void Rename(string existing, string newPath, bool overwrite)
    {
        Count();
        platform.Rename(existing, newPath, overwrite);
    }

    public bool TryExchange(string first, string second)
    {
        Count();
        return platform.TryExchange(first, second);
    }

    public bool TryCreateHardLink(string existing, string newPath)
    {
        Count();
        return platform.TryCreateHardLink(existing, newPath);
    }

    public void RestrictToUser(string path)
    {
        Count();
        platform.RestrictToUser(path);
    }

    private void Count()
    {
        if (Interlocked.Increment(ref calls) != DiesAt)
        {
            return;
        }

        // SIGKILL, and no step further until it arrives.
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
