using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Platform;

/// <summary>Linux and macOS.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed partial class UnixPlatform : IPlatform
{
    private const int AtFdcwd = -100;
    private const int AtSymlinkNofollow = 0x100;
    private const uint StatxBasicStats = 0x7ff;
    private const uint RenameNoReplace = 1;
    private const uint RenameExchange = 2;
    private const int FileTypeMask = 0xF000;
    private const int PermissionMask = 0xFFF;

    public bool HasWindowsNames => false;

    public FileEntry? Stat(string path) => OperatingSystem.IsLinux() ? StatLinux(path) : StatPortable(path);

    public void FlushDirectory(string path)
    {
        // Opening a folder needs open(2) itself: FileStream refuses folders.
        var descriptor = open(path, 0);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open the folder '{path}' to flush it: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (fsync(descriptor) != 0)
        {
            throw new IOException($"Cannot flush the folder '{path}': {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    public void Rename(string existing, string newPath, bool overwrite)
    {
        if (overwrite)
        {
            File.Move(existing, newPath, overwrite: true);
        }
        else if (!TryRenameExclusively(existing, newPath))
        {
            // A second name is exclusive too; the file systems without it (FAT) are left to File.Move, which looks first.
            if (link(existing, newPath) == 0)
            {
                File.Delete(existing);
            }
            else
            {
                ThrowIfTaken(newPath);
                File.Move(existing, newPath, overwrite: false);
            }
        }
    }

    public bool TryExchange(string first, string second)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            return renameat2(AtFdcwd, first, AtFdcwd, second, RenameExchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no renameat2 wrapper; the caller falls back to two renames with a journal.
            return false;
        }
    }

    public bool TryCreateHardLink(string existing, string newPath) => link(existing, newPath) == 0;

    public void RestrictToUser(string path) =>
        File.SetUnixFileMode(
            path,
            Directory.Exists(path)
                ? UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                : UnixFileMode.UserRead | UnixFileMode.UserWrite);

    /// <summary>File.Move looks whether the name is free and then renames: of two that do so at once both may win.</summary>
    /// <returns>False where the system or the file system has no exclusive rename; nothing has changed then.</returns>
    private static bool TryRenameExclusively(string existing, string newPath)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            if (renameat2(AtFdcwd, existing, AtFdcwd, newPath, RenameNoReplace) == 0)
            {
                return true;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }

        ThrowIfTaken(newPath);
        return false;
    }

    private static void ThrowIfTaken(string path)
    {
        const int exists = 17;
        if (Marshal.GetLastPInvokeError() == exists)
        {
            throw new IOException($"There is a file '{path}' already.");
        }
    }

    private static FileEntry? StatLinux(string path)
    {
        // statx has one layout on every architecture, unlike stat.
        if (statx(AtFdcwd, path, AtSymlinkNofollow, StatxBasicStats, out var stat) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            const int noEntry = 2;
            const int notDirectory = 20;
            return error is noEntry or notDirectory
                ? null
                : throw new IOException($"Cannot look at '{path}': {Marshal.GetPInvokeErrorMessage(error)}.");
        }

        var type = (stat.Mode & FileTypeMask) switch
        {
            0x8000 => FileEntryType.File,
            0x4000 => FileEntryType.Directory,
            0xA000 => FileEntryType.SymbolicLink,
            _ => FileEntryType.Other,
        };
        return new FileEntry(
            type,
            (long)stat.Size,
            ToTime(stat.ModifiedSeconds, stat.ModifiedNanoseconds),
            ToTime(stat.ChangedSeconds, stat.ChangedNanoseconds),
            string.Create(CultureInfo.InvariantCulture, $"{stat.DeviceMajor:x}:{stat.DeviceMinor:x}:{stat.Inode:x}"),
            stat.Mode & PermissionMask,
            ReadOnly: false);
    }

    private static FileEntry? StatPortable(string path)
    {
        var info = new FileInfo(path);
        if (info.LinkTarget is null && !info.Exists && !Directory.Exists(path))
        {
            return null;
        }

        var attributes = info.Attributes;
        var type = info.LinkTarget is not null ? FileEntryType.SymbolicLink
            : attributes.HasFlag(FileAttributes.Directory) ? FileEntryType.Directory
            : FileEntryType.File;
        var length = type == FileEntryType.File ? info.Length : 0;
        return new FileEntry(type, length, info.LastWriteTimeUtc, Changed: null, FileId: null, (int)info.UnixFileMode, ReadOnly: false);
    }

    private static DateTimeOffset ToTime(long seconds, uint nanoseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + (nanoseconds / 100));

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string existing, string newPath);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int firstFolder, string first, int secondFolder, string second, uint flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, out Statx result);

    /// <summary>struct statx of linux/stat.h.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(96)]
        public long ChangedSeconds;

        [FieldOffset(104)]
        public uint ChangedNanoseconds;

        [FieldOffset(112)]
        public long ModifiedSeconds;

        [FieldOffset(120)]
        public uint ModifiedNanoseconds;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
