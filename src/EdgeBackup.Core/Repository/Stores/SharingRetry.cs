namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// Tries again what Windows refuses while somebody (a reader, a virus scanner, an indexer) has the file open; they are
/// done in a moment.
/// </summary>
internal static class SharingRetry
{
    private const int Attempts = 20;
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int LockViolation = unchecked((int)0x80070021);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Runs an action, for half a second at most; what it throws last passes on.</summary>
    public static void Run(Action action)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                action();
                return;
            }
            catch (Exception exception) when (attempt < Attempts && IsBusy(exception))
            {
                Thread.Sleep(Pause);
            }
        }
    }

    /// <summary>Windows also denies access to a file that is about to vanish or to be replaced under a reader.</summary>
    private static bool IsBusy(Exception exception) =>
        exception is IOException { HResult: SharingViolation or LockViolation }
        || (exception is UnauthorizedAccessException && OperatingSystem.IsWindows());
}
