using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>Turns what a file system says into what a user can act on.</summary>
internal static class StoreFault
{
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsWriteProtected = unchecked((int)0x80070013);

    /// <returns>The error for the user, or null for a fault that is not about writing at all.</returns>
    public static EdgeBackupException? Translate(Exception exception, string location)
    {
        if (exception is UnauthorizedAccessException)
        {
            return new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The repository '{location}' cannot be written: access is denied. Nothing saved before was lost. Check the permissions of its folder, or use an account that may write there.",
                location,
                exception);
        }

        if (exception is not IOException)
        {
            return null;
        }

        var isUnix = !OperatingSystem.IsWindows();
        if ((isUnix && exception.HResult is NoSpace or QuotaExceeded) || exception.HResult is WindowsDiskFull or WindowsHandleDiskFull)
        {
            return new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The disk that holds the repository '{location}' is full. Nothing saved before was lost. Free space there (Optimize-EdgeRepository may help), then try again.",
                location,
                exception);
        }

        if ((isUnix && exception.HResult == ReadOnlyFileSystem) || exception.HResult == WindowsWriteProtected)
        {
            return new EdgeBackupException(
                ErrorIds.RepositoryNotWritable,
                $"The repository '{location}' is on a file system that is read-only. Nothing saved before was lost. Make it writable, or use another repository.",
                location,
                exception);
        }

        return null;
    }
}
