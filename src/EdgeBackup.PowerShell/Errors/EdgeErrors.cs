using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.PowerShell.Errors;

/// <summary>Makes error records: the only place that does.</summary>
internal static class EdgeErrors
{
    /// <summary>The id of what no part of EdgeBackup foresaw.</summary>
    public const string UnexpectedError = nameof(UnexpectedError);

    private static readonly Dictionary<string, ErrorCategory> Categories = new(StringComparer.Ordinal)
    {
        [ErrorIds.DeviceNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.DeviceUnreachable] = ErrorCategory.ConnectionError,
        [ErrorIds.DeviceAuthenticationFailed] = ErrorCategory.AuthenticationError,
        [ErrorIds.DeviceRegistrationMismatch] = ErrorCategory.InvalidArgument,
        [ErrorIds.DeviceSecretUnavailable] = ErrorCategory.AuthenticationError,
        [ErrorIds.DeviceVersionUnsupported] = ErrorCategory.InvalidOperation,
        [ErrorIds.DeviceBusy] = ErrorCategory.ResourceBusy,
        [ErrorIds.DeviceStateUnknown] = ErrorCategory.ResourceUnavailable,
        [ErrorIds.DeviceIdChanged] = ErrorCategory.InvalidOperation,
        [ErrorIds.DeviceIdDuplicate] = ErrorCategory.ResourceExists,
        [ErrorIds.DeviceReplaced] = ErrorCategory.InvalidOperation,
        [ErrorIds.DeviceResponseInvalid] = ErrorCategory.ProtocolError,
        [ErrorIds.DeviceTypeInvalid] = ErrorCategory.InvalidData,
        [ErrorIds.ItemPathInvalid] = ErrorCategory.InvalidData,
        [ErrorIds.CaptureInterrupted] = ErrorCategory.ResourceBusy,
        [ErrorIds.CaptureFailed] = ErrorCategory.ReadError,
        [ErrorIds.BackupNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.BackupNameInvalid] = ErrorCategory.InvalidArgument,
        [ErrorIds.BackupNameInUse] = ErrorCategory.ResourceExists,
        [ErrorIds.BackupDamaged] = ErrorCategory.InvalidData,
        [ErrorIds.RestoreTargetMismatch] = ErrorCategory.InvalidOperation,
        [ErrorIds.RestoreVersionMismatch] = ErrorCategory.InvalidOperation,
        [ErrorIds.RestoreFailed] = ErrorCategory.WriteError,
        [ErrorIds.RestoreVerifyFailed] = ErrorCategory.InvalidResult,
        [ErrorIds.DestinationNotEmpty] = ErrorCategory.ResourceExists,
        [ErrorIds.SwitchRefused] = ErrorCategory.InvalidOperation,
        [ErrorIds.SyncRefused] = ErrorCategory.InvalidOperation,
        [ErrorIds.PolicyInvalid] = ErrorCategory.InvalidArgument,
        [ErrorIds.NotificationInvalid] = ErrorCategory.InvalidArgument,
        [ErrorIds.NotificationNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.ScheduleExists] = ErrorCategory.ResourceExists,
        [ErrorIds.ScheduleFailed] = ErrorCategory.InvalidOperation,
        [ErrorIds.ScheduleInvalid] = ErrorCategory.InvalidArgument,
        [ErrorIds.ScheduleNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.RepositoryNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.RepositoryExists] = ErrorCategory.ResourceExists,
        [ErrorIds.RepositoryKeyWrong] = ErrorCategory.AuthenticationError,
        [ErrorIds.RepositoryKeyNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.RepositoryKeyNeeded] = ErrorCategory.InvalidOperation,
        [ErrorIds.RepositoryDamaged] = ErrorCategory.InvalidData,
        [ErrorIds.RepositoryFormatUnsupported] = ErrorCategory.NotImplemented,
        [ErrorIds.RepositoryNotReadable] = ErrorCategory.ReadError,
        [ErrorIds.RepositoryNotWritable] = ErrorCategory.WriteError,
        [ErrorIds.ArchiveNotRestorable] = ErrorCategory.InvalidOperation,
        [ErrorIds.ArchiveNotFound] = ErrorCategory.ObjectNotFound,
        [ErrorIds.ArchiveNotSupported] = ErrorCategory.NotImplemented,
        [ErrorIds.ArchiveFailed] = ErrorCategory.WriteError,
        [ErrorIds.ArchiveDamaged] = ErrorCategory.InvalidData,
    };

    /// <summary>The ids that have a category; a test holds it against <see cref="ErrorIds"/>.</summary>
    public static IReadOnlyCollection<string> KnownIds => Categories.Keys;

    /// <summary>Whether an exception is PowerShell's own way of ending things, which nobody may wrap or swallow.</summary>
    public static bool IsFlowControl(Exception exception) =>
        exception is PipelineStoppedException or FlowControlException or ActionPreferenceStopException;

    /// <summary>Whether an error concerns the repository, so that no further input of the command can fare better.</summary>
    public static bool EndsCommand(Exception exception) =>
        exception is EdgeBackupException { ErrorId: var id } && id.StartsWith("Repository", StringComparison.Ordinal);

    /// <summary>Turns what an engine threw into an error record.</summary>
    /// <param name="exception">Flow control is thrown on.</param>
    /// <param name="target">The user's input; used where the exception names no target itself.</param>
    public static ErrorRecord ToErrorRecord(Exception exception, object? target = null)
    {
        while (exception is AggregateException { InnerExceptions: [var only] })
        {
            exception = only;
        }

        if (IsFlowControl(exception))
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
        }

        return exception switch
        {
            EdgeBackupException known => new ErrorRecord(
                known, known.ErrorId, Categories.GetValueOrDefault(known.ErrorId, ErrorCategory.NotSpecified), known.Target ?? target),
            IContainsErrorRecord { ErrorRecord: { } record } => record,
            ArgumentException => new ErrorRecord(exception, "ArgumentInvalid", ErrorCategory.InvalidArgument, target),
            UnauthorizedAccessException or SecurityException => new ErrorRecord(exception, "AccessDenied", ErrorCategory.PermissionDenied, target),
            FileNotFoundException or DirectoryNotFoundException => new ErrorRecord(exception, "PathNotFound", ErrorCategory.ObjectNotFound, target),
            IOException => new ErrorRecord(exception, "InputOutputFailed", ErrorCategory.NotSpecified, target),
            OperationCanceledException or TimeoutException => new ErrorRecord(exception, "OperationTimedOut", ErrorCategory.OperationTimeout, target),
            _ => Unexpected(exception, target),
        };
    }

    /// <summary>A defect of ours: the user can only report it, and needs to be told so.</summary>
    private static ErrorRecord Unexpected(Exception exception, object? target) =>
        new(exception, UnexpectedError, ErrorCategory.NotSpecified, target)
        {
            ErrorDetails = new ErrorDetails(
                $"EdgeBackup did not expect this: {exception.Message} Nothing that was saved before is touched. "
                + "Please report it with the output of 'Get-Error'."),
        };
}
