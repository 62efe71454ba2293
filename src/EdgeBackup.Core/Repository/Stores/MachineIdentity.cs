using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security;
using System.Text;
using Microsoft.Win32;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>What tells this machine, and this start of it, from others. Empty where nothing can be read.</summary>
internal static partial class MachineIdentity
{
    private const string LinuxMachine = "/etc/machine-id";
    private const string LinuxBoot = "/proc/sys/kernel/random/boot_id";
    private const int UuidSize = 16;

    /// <summary>The id that the system was given when it was installed.</summary>
    public static string ReadMachine() =>
        OperatingSystem.IsWindows() ? ReadMachineGuid()
        : OperatingSystem.IsMacOS() ? ReadHostUuid()
        : ReadText(LinuxMachine);

    /// <summary>The id of this start of the system; Windows has none, there the start times of processes tell.</summary>
    public static string ReadBoot() =>
        OperatingSystem.IsLinux() ? ReadText(LinuxBoot)
        : OperatingSystem.IsMacOS() ? ReadBootSession()
        : "";

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [SupportedOSPlatform("windows")]
    private static string ReadMachineGuid()
    {
        try
        {
            using var machine = RegistryKey.OpenBaseKey(RegistryHive.LocalMachine, RegistryView.Registry64);
            using var key = machine.OpenSubKey(@"SOFTWARE\Microsoft\Cryptography");
            return key?.GetValue("MachineGuid") as string ?? "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or SecurityException)
        {
            return "";
        }
    }

    /// <summary>gethostuuid(2). Not the sysctl kern.uuid, which is that of the kernel's build: many machines share it.</summary>
    [SupportedOSPlatform("macos")]
    private static string ReadHostUuid()
    {
        try
        {
            var uuid = new byte[UuidSize];
            return gethostuuid(uuid, [1, 0]) == 0 ? Convert.ToHexStringLower(uuid) : "";
        }
        catch (EntryPointNotFoundException)
        {
            return "";
        }
    }

    [SupportedOSPlatform("macos")]
    private static string ReadBootSession()
    {
        var text = new byte[64];
        nuint length = (nuint)text.Length;
        return sysctlbyname("kern.bootsessionuuid", text, ref length, 0, 0) == 0
            ? Encoding.ASCII.GetString(text, 0, (int)length).TrimEnd('\0')
            : "";
    }

    /// <param name="id">16 bytes.</param>
    /// <param name="wait">struct timespec: seconds and nanoseconds.</param>
    [LibraryImport("libc", SetLastError = true)]
    private static partial int gethostuuid([Out] byte[] id, long[] wait);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sysctlbyname(string name, [Out] byte[] value, ref nuint length, nint newValue, nuint newLength);
}
