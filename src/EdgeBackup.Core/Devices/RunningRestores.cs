namespace EdgeBackup.Core.Devices;

/// <summary>
/// The restore sessions that commands of this process have open now, whichever of its repositories they are noted in:
/// what none of them has open was left behind. Devices that give sessions no names have the same one for all, which so
/// counts as long as one command has it. Thread-safe.
/// </summary>
public sealed class RunningRestores
{
    private readonly Dictionary<(string Device, string Session), int> running = [];

    /// <summary>A command opens a session.</summary>
    public void Add(string device, string session)
    {
        lock (running)
        {
            running[(device, session)] = running.GetValueOrDefault((device, session)) + 1;
        }
    }

    /// <summary>A command is over that had opened it.</summary>
    public void Remove(string device, string session)
    {
        lock (running)
        {
            var left = running.GetValueOrDefault((device, session)) - 1;
            if (left > 0)
            {
                running[(device, session)] = left;
            }
            else
            {
                running.Remove((device, session));
            }
        }
    }

    /// <summary>Whether a command has it open.</summary>
    public bool Contains(string device, string session)
    {
        lock (running)
        {
            return running.ContainsKey((device, session));
        }
    }
}
