using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace EdgeBackup.Core.Platform;

/// <summary>
/// Windows' event log: the log Application, the source EdgeBackup. A source that was never installed may be written to
/// as well: Windows then shows the text behind a sentence that it does not know the source.
/// </summary>
[SupportedOSPlatform("windows")]
public sealed partial class WindowsEventLog : ISystemLog
{
    private const string Source = "EdgeBackup";

    /// <summary>Windows takes 31,839 characters a string.</summary>
    private const int LongestText = 31_000;

    public bool IsAvailable => true;

    public string? TryWrite(SystemLogEvent kind, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var log = RegisterEventSourceW(null, Source);
        if (log == 0)
        {
            return Describe();
        }

        var text = Marshal.StringToHGlobalUni(message.Length > LongestText ? message[..LongestText] : message);
        try
        {
            return ReportEventW(log, ToType(kind.Level), category: 0, (uint)kind.Id, user: 0, count: 1, dataSize: 0, [text], data: 0) ? null : Describe();
        }
        finally
        {
            Marshal.FreeHGlobal(text);
            DeregisterEventSource(log);
        }
    }

    private static string Describe() => $"The event log did not take it: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}";

    /// <summary>EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, EVENTLOG_ERROR_TYPE.</summary>
    private static ushort ToType(SystemLogLevel level) => level switch
    {
        SystemLogLevel.Error => 1,
        SystemLogLevel.Warning => 2,
        _ => 4,
    };

    [LibraryImport("advapi32.dll", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial nint RegisterEventSourceW(string? server, string source);

    [LibraryImport("advapi32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReportEventW(nint log, ushort type, ushort category, uint id, nint user, ushort count, uint dataSize, nint[] strings, nint data);

    [LibraryImport("advapi32.dll", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DeregisterEventSource(nint log);
}
