using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>Turns what went wrong in an exchange with a device into errors that name it and say what to do: the one table for it.</summary>
internal sealed class BacnetDeviceErrors(ConnectionOptions options)
{
    /// <summary>What to do with a device that has no backup procedure.</summary>
    public const string OtherWays = "Save its configuration with its maker's tool, or register what that tool writes as a folder";

    private const string AsksForPassword = "it asks for a password and none is registered. Set it with Set-EdgeDevice -Credential (the user name does not matter) or -Token";

    /// <summary>What the user calls the device.</summary>
    public string Device => options.Id ?? options.Address.Text;

    /// <summary>Whether a device says that it has no time just now; the same request may do later.</summary>
    public static bool IsBusy(Exception exception) => exception
        is BacnetErrorException { Code: BacnetErrorCode.DeviceBusy or BacnetErrorCode.Busy or BacnetErrorCode.Timeout }
        or BacnetAbortException { Reason: BacnetAbortReason.PreemptedByHigherPriorityTask or BacnetAbortReason.OutOfResources or BacnetAbortReason.ApplicationExceededReplyTime };

    /// <summary>Whether a device may only be away for a while, or the way to it: whoever waits for it goes on waiting.</summary>
    public static bool IsAwayForNow(Exception exception) => exception is BacnetTimeoutException or BacnetUnreachableException || IsBusy(exception);

    /// <summary>Whether an answer, or a request, did not fit the device: less at once may do.</summary>
    public static bool IsTooMuch(Exception exception) => exception
        is BacnetAbortException
        {
            Reason: BacnetAbortReason.SegmentationNotSupported or BacnetAbortReason.BufferOverflow or BacnetAbortReason.ApduTooLong
                or BacnetAbortReason.WindowSizeOutOfRange or BacnetAbortReason.TsmTimeout
        }
        or BacnetRejectException { Reason: BacnetRejectReason.BufferOverflow }
        or BacnetErrorException { Code: BacnetErrorCode.AbortBufferOverflow };

    /// <summary>
    /// Whether less at once is to be tried next. Devices without room for a long message, or for several records, say so in
    /// many words, some of which others have for being busy: what is large is tried smaller before it is tried later.
    /// </summary>
    /// <param name="exception">What the exchange ended with.</param>
    /// <param name="isSegmented">Whether it goes in several messages. Then silence may be a network that loses some.</param>
    /// <param name="isLarge">Whether it goes in several messages, or is several records.</param>
    /// <param name="isLast">Whether a device that had no time was asked for as much as this often enough.</param>
    public static bool CallsForLess(Exception exception, bool isSegmented, bool isLarge, bool isLast) =>
        IsTooMuch(exception)
        || (isSegmented && exception is BacnetTimeoutException)
        || (exception is BacnetAbortException or BacnetRejectException { Reason: BacnetRejectReason.ParameterOutOfRange or BacnetRejectReason.TooManyArguments }
            && (isLarge || isLast || !IsBusy(exception)));

    /// <summary>Whether the device said no: not that it has no time, and not that it fell silent.</summary>
    public static bool IsRefusal(Exception exception) => exception is BacnetErrorException or BacnetRejectException && !IsBusy(exception);

    /// <summary>Whether the device said that it is not for us to ask, so that nothing is known of what was asked for.</summary>
    public static bool IsDenied(Exception exception) => exception is BacnetErrorException { Code: BacnetErrorCode.PasswordFailure or BacnetErrorCode.ServiceRequestDenied };

    public EdgeBackupException Create(string errorId, string whatAndNext, Exception? inner = null) =>
        new(errorId, $"Device '{Device}': {whatAndNext}.", Device, inner);

    /// <summary>The error for a failed exchange.</summary>
    /// <param name="exception">What the exchange ended with.</param>
    /// <param name="call">What was asked for, as a noun: "START_BACKUP", "reading its File object 7".</param>
    /// <param name="otherwise">The id for what the table has no word for.</param>
    public EdgeBackupException From(BacnetException exception, string call, string otherwise = ErrorIds.DeviceResponseInvalid)
    {
        var (id, text) = Judge(exception, call, otherwise);
        return Create(id, text, exception);
    }

    /// <summary>Another procedure is under way.</summary>
    /// <param name="what">"a backup".</param>
    public EdgeBackupException Occupied(string what) => Create(ErrorIds.DeviceBusy, OccupiedText(what));

    private static string OccupiedText(string what) =>
        $"{what} is under way on it already, begun by another tool or left behind by one. Wait until it has ended, then try again; what was left behind ends by itself after the device's Backup_Failure_Timeout";

    private (string Id, string Text) Judge(BacnetException exception, string call, string otherwise) => exception switch
    {
        BacnetTimeoutException => (
            ErrorIds.DeviceUnreachable,
            $"{options.Address.Text} does not answer {call}. Check that it is switched on, the address and its port (UDP), and the router or BBMD on the way"),
        BacnetUnreachableException => (
            ErrorIds.DeviceUnreachable,
            $"{options.Address.Text} cannot be reached for {call} ({exception.Message.TrimEnd('.')}). Check the address, this machine's network and firewall, and the router or BBMD on the way"),
        BacnetErrorException { Code: BacnetErrorCode.ConfigurationInProgress } => (
            ErrorIds.DeviceBusy,
            OccupiedText("a backup, a restore or a download")),
        BacnetErrorException { Code: BacnetErrorCode.DeviceBusy or BacnetErrorCode.Busy } => (
            ErrorIds.DeviceBusy,
            $"it is too busy for {call}. Try again later"),
        BacnetRejectException { Reason: BacnetRejectReason.MissingRequiredParameter } or BacnetErrorException { Code: BacnetErrorCode.MissingRequiredParameter }
            when options.Credential is null && call.StartsWith("START_", StringComparison.Ordinal) => (ErrorIds.DeviceAuthenticationFailed, AsksForPassword),
        BacnetErrorException { Code: BacnetErrorCode.PasswordFailure } => (ErrorIds.DeviceAuthenticationFailed, options.Credential is null
            ? AsksForPassword
            : "it did not accept the registered password. Set the right one with Set-EdgeDevice -Credential or -Token"),
        BacnetErrorException { Code: BacnetErrorCode.ServiceRequestDenied } denied => (
            ErrorIds.DeviceAuthenticationFailed,
            $"it denies {call} ({Name(denied)}). Allow backup and restore by BACnet in its settings, from this machine too"),
        BacnetErrorException { Code: BacnetErrorCode.ReadAccessDenied or BacnetErrorCode.WriteAccessDenied or BacnetErrorCode.FileAccessDenied } denied => (
            otherwise,
            $"it denies {call} ({Name(denied)}): it has ended the backup or restore by itself, or its settings forbid it. Try again, and allow backup and restore by BACnet on the device when it happens again"),
        BacnetErrorException { Code: BacnetErrorCode.OptionalFunctionalityNotSupported } or BacnetRejectException { Reason: BacnetRejectReason.UnrecognizedService } => (
            ErrorIds.DeviceResponseInvalid,
            $"it does not know {call}: this device cannot be backed up or restored by BACnet (it is none that does DM-BR-B). {OtherWays}"),
        BacnetErrorException error => (otherwise, $"it answered {call} with the error {Name(error)}. Look at the device; when it is all right there, its maker can say what that means"),
        BacnetRejectException reject => (otherwise, $"it rejected {call} ({BacnetWords.Of(reject.Reason)}). Its software does not take what the standard says; look for a newer one"),
        BacnetAbortException abort when IsTooMuch(exception) => (otherwise, $"it cannot send or take even the smallest piece of {call} ({BacnetWords.Of(abort.Reason)}). Check what lies between this machine and the device (a router for small messages), and its software"),
        BacnetAbortException abort => (otherwise, $"{(abort.IsFromPeer ? "it broke off" : "broken off was")} {call} ({BacnetWords.Of(abort.Reason)}). Try again, and look at the device and the network when it happens again"),
        _ => (otherwise, $"its answer to {call} cannot be understood ({exception.Message.TrimEnd('.')}). Check the address and the device's software"),
    };

    private static string Name(BacnetErrorException error) => $"{BacnetWords.Of(error.Class)}: {BacnetWords.Of(error.Code)}";
}
