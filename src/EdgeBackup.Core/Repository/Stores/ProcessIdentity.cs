using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>What can be known from here about a process that left its identity somewhere.</summary>
internal enum ProcessState
{
    Alive,
    Dead,

    /// <summary>It ran on another machine, in another container or before a restart: nothing can be said.</summary>
    Elsewhere,
}

/// <summary>
/// A process, told from later ones with the same number by its start.
/// </summary>
/// <param name="Scope">Where process numbers mean the same: machine, its start where that can be told, and the container.</param>
/// <param name="Pid">The process number there.</param>
/// <param name="Start">When it started, in the system's own unit; compared, never computed with.</param>
internal sealed record ProcessIdentity(string Scope, int Pid, string Start)
{
    /// <summary>In the place of a start that cannot be read.</summary>
    public const string Unknown = "?";

    /// <summary>ESRCH: a process that ended between opening and reading its file.</summary>
    private const int NoSuchProcess = 3;

    public static ProcessIdentity Current() => new(ReadScope(), Environment.ProcessId, ReadStart(Environment.ProcessId) ?? Unknown);

    public ProcessState Look()
    {
        if (Scope != ReadScope())
        {
            return ProcessState.Elsewhere;
        }

        var start = ReadStart(Pid);
        return start is null ? ProcessState.Dead
            : start == Start || start == Unknown || Start == Unknown ? ProcessState.Alive
            : ProcessState.Dead;
    }

    /// <summary>Eight hex digits for use in file names.</summary>
    public static string Shorten(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 4));

    /// <returns>Null when no such process runs; <see cref="Unknown"/> when that cannot be told.</returns>
    public static string? ReadStart(int pid)
    {
        if (OperatingSystem.IsLinux())
        {
            // Process.StartTime is computed from the wall clock here and moves when that is set; the kernel's ticks do not.
            try
            {
                var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                return fields[19];
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException || IsGone(exception))
            {
                return null;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // No answer (too many open files here, say) is no proof of a death.
                return Unknown;
            }
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // It runs, but belongs to somebody else: its start cannot be read, so it is not known to be dead either.
            return Unknown;
        }
    }

    /// <summary>
    /// The scope of a machine: its name, for people, and a hash of what tells it from others of the same name (clones of
    /// one image, containers). The ids themselves are nobody's business.
    /// </summary>
    internal static string ToScope(string machineName, string machineId, string boot, string container)
    {
        var ids = Encoding.UTF8.GetBytes($"edgebackup scope\n{machineName}\n{machineId}\n{boot}\n{container}");
        return $"{machineName} {Convert.ToHexStringLower(SHA256.HashData(ids).AsSpan(0, 16))}";
    }

    /// <summary>This machine whatever its start and the container; the scope where the machine has no id of its own.</summary>
    public static string ReadMachineScope() =>
        MachineIdentity.ReadMachine() is { Length: > 0 } machine ? ToScope(Environment.MachineName, machine, "", "") : ReadScope();

    private static bool IsGone(Exception exception) => exception is IOException && exception.HResult == NoSuchProcess;

    private static string ReadScope()
    {
        var container = OperatingSystem.IsLinux() ? new FileInfo("/proc/self/ns/pid").LinkTarget ?? "" : "";
        return ToScope(Environment.MachineName, MachineIdentity.ReadMachine(), MachineIdentity.ReadBoot(), container);
    }
}
