using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.AccessControl;
using System.Security.Principal;
using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Platform;

/// <summary>Windows, NTFS and ReFS.</summary>
internal sealed partial class WindowsPlatform : IPlatform
{
    private const uint FileReadAttributes = 0x80;
    private const uint ShareAll = 7;
    private const uint OpenExisting = 3;
    private const uint BackupSemantics = 0x02000000;
    private const uint OpenReparsePoint = 0x00200000;
    private const uint MoveReplaceExisting = 1;
    private const uint MoveWriteThrough = 8;
    private const int LongestPlainPath = 247;

    public bool HasWindowsNames => true;

    public FileEntry? Stat(string path)
    {
        using var handle = CreateFileW(path, FileReadAttributes, ShareAll, 0, OpenExisting, BackupSemantics | OpenReparsePoint, 0);
        if (handle.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            const int fileNotFound = 2;
            const int pathNotFound = 3;
            return error is fileNotFound or pathNotFound
                ? null
                : throw new IOException($"Cannot look at '{path}': {Marshal.GetPInvokeErrorMessage(error)}.");
        }

        if (!GetFileInformationByHandleEx(handle, 0, out BasicInfo basic, (uint)Marshal.SizeOf<BasicInfo>())
            || !GetFileInformationByHandleEx(handle, 1, out StandardInfo standard, (uint)Marshal.SizeOf<StandardInfo>()))
        {
            throw new IOException($"Cannot look at '{path}': {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        string? fileId = null;
        if (GetFileInformationByHandleEx(handle, 18, out IdInfo id, (uint)Marshal.SizeOf<IdInfo>()))
        {
            fileId = string.Create(CultureInfo.InvariantCulture, $"{id.Volume:x}:{id.High:x}:{id.Low:x}");
        }

        var attributes = (FileAttributes)basic.Attributes;
        var type = attributes.HasFlag(FileAttributes.ReparsePoint) && IsLink(path) ? FileEntryType.SymbolicLink
            : attributes.HasFlag(FileAttributes.Directory) ? FileEntryType.Directory
            : FileEntryType.File;
        return new FileEntry(
            type,
            standard.EndOfFile,
            DateTimeOffset.FromFileTime(basic.LastWrite).ToUniversalTime(),
            DateTimeOffset.FromFileTime(basic.Change).ToUniversalTime(),
            fileId,
            UnixMode: null,
            attributes.HasFlag(FileAttributes.ReadOnly));
    }

    /// <summary>
    /// Nothing to do: NTFS journals its folder entries, a rename is ordered after the flushed bytes it names, and
    /// <see cref="Rename"/> itself waits until it is on the disk.
    /// </summary>
    public void FlushDirectory(string path)
    {
    }

    public void Rename(string existing, string newPath, bool overwrite)
    {
        // File.Move leaves the rename in the journal's memory; a power failure would undo what was acknowledged.
        if (MoveFileExW(Lengthen(existing), Lengthen(newPath), MoveWriteThrough | (overwrite ? MoveReplaceExisting : 0)))
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        const int fileNotFound = 2;
        const int pathNotFound = 3;
        const int accessDenied = 5;
        var message = $"Cannot rename '{existing}' to '{newPath}': {Marshal.GetPInvokeErrorMessage(error)}.";
        throw error switch
        {
            fileNotFound => new FileNotFoundException(message, existing),
            pathNotFound => new DirectoryNotFoundException(message),
            accessDenied => new UnauthorizedAccessException(message),
            _ => new IOException(message, unchecked((int)0x80070000) | error),
        };
    }

    public bool TryExchange(string first, string second) => false;

    public bool TryCreateHardLink(string existing, string newPath) => CreateHardLinkW(newPath, existing, 0);

    [SupportedOSPlatform("windows")]
    public void RestrictToUser(string path)
    {
        using var identity = WindowsIdentity.GetCurrent();
        var user = identity.User ?? throw new InvalidOperationException("The current Windows user has no SID.");
        if (Directory.Exists(path))
        {
            var security = new DirectorySecurity();
            security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
            security.AddAccessRule(new FileSystemAccessRule(
                user,
                FileSystemRights.FullControl,
                InheritanceFlags.ContainerInherit | InheritanceFlags.ObjectInherit,
                PropagationFlags.None,
                AccessControlType.Allow));
            new DirectoryInfo(path).SetAccessControl(security);
        }
        else
        {
            var security = new FileSecurity();
            security.SetAccessRuleProtection(isProtected: true, preserveInheritance: false);
            security.AddAccessRule(new FileSystemAccessRule(user, FileSystemRights.FullControl, AccessControlType.Allow));
            new FileInfo(path).SetAccessControl(security);
        }
    }

    /// <summary>Reparse points are also used for deduplication and cloud placeholders, which are plain files to us.</summary>
    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    /// <summary>The form of a path that the system takes at any length; the runtime does this for its own calls.</summary>
    private static string Lengthen(string path)
    {
        var full = Path.GetFullPath(path);
        return full.Length <= LongestPlainPath || full.StartsWith(@"\\?\", StringComparison.Ordinal) || full.StartsWith(@"\\.\", StringComparison.Ordinal) ? full
            : full.StartsWith(@"\\", StringComparison.Ordinal) ? @"\\?\UNC\" + full[2..]
            : @"\\?\" + full;
    }

    [LibraryImport("kernel32.dll", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MoveFileExW(string existing, string newPath, uint flags);

    [LibraryImport("kernel32.dll", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateFileW(string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandleEx(SafeFileHandle handle, int infoClass, out BasicInfo info, uint size);

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandleEx(SafeFileHandle handle, int infoClass, out StandardInfo info, uint size);

    [LibraryImport("kernel32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetFileInformationByHandleEx(SafeFileHandle handle, int infoClass, out IdInfo info, uint size);

    [LibraryImport("kernel32.dll", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLinkW(string newPath, string existing, nint security);

    /// <summary>FILE_BASIC_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct BasicInfo
    {
        public long Creation;
        public long LastAccess;
        public long LastWrite;
        public long Change;
        public uint Attributes;
    }

    /// <summary>FILE_STANDARD_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct StandardInfo
    {
        public long AllocationSize;
        public long EndOfFile;
        public uint NumberOfLinks;
        public byte DeletePending;
        public byte Directory;
    }

    /// <summary>FILE_ID_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct IdInfo
    {
        public ulong Volume;
        public ulong Low;
        public ulong High;
    }
}
