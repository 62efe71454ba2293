using EdgeBackup.Core.Catalog;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.Core.Operations;

/// <summary>Checks what somebody wants to set as a policy, before it is written.</summary>
public static class PolicyCheck
{
    /// <summary>Brings the texts into the form in which they are kept.</summary>
    /// <exception cref="EdgeBackupException">PolicyInvalid: a window that cannot be read, a time zone that is not known.</exception>
    public static PolicyValues Normalize(PolicyValues values) => values with
    {
        Window = values.Window is null ? null : ReadWindow(values.Window),
        TimeZone = values.TimeZone is null ? null : ReadZone(values.TimeZone),
    };

    private static string ReadWindow(string text)
    {
        try
        {
            return BackupWindow.Parse(text).ToString();
        }
        catch (FormatException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.PolicyInvalid,
                $"{exception.Message} A window is written like 'Mon-Fri 19:00-06:00, Sat-Sun 00:00-24:00', or 'Always'.",
                text,
                exception);
        }
    }

    private static string ReadZone(string text) =>
        TimeZones.Find(text)?.Id
        ?? throw new EdgeBackupException(
            ErrorIds.PolicyInvalid,
            $"There is no time zone '{text}'.{NearestNames.Suggest(text, TimeZones.All)} Give an IANA id such as 'Europe/Berlin', or the id that Windows has for it, such as 'W. Europe Standard Time'.",
            text);
}
