namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>An exchange with a peer did not succeed. Connections turn it into an <see cref="Errors.EdgeBackupException"/>.</summary>
public abstract class BacnetException : Exception
{
    protected BacnetException(string message)
        : base(message)
    {
    }
}

/// <summary>The peer answered with an Error.</summary>
public sealed class BacnetErrorException : BacnetException
{
    public BacnetErrorException(BacnetErrorClass errorClass, BacnetErrorCode code)
        : base($"error {BacnetWords.Of(code)} (class {BacnetWords.Of(errorClass)})")
    {
        Class = errorClass;
        Code = code;
    }

    public BacnetErrorClass Class { get; }

    public BacnetErrorCode Code { get; }
}

/// <summary>The peer did not understand the request, or does not have the service.</summary>
public sealed class BacnetRejectException(BacnetRejectReason reason) : BacnetException($"rejected: {BacnetWords.Of(reason)}")
{
    public BacnetRejectReason Reason { get; } = reason;
}

/// <summary>The exchange was broken off.</summary>
public sealed class BacnetAbortException(BacnetAbortReason reason, bool isFromPeer)
    : BacnetException($"aborted{(isFromPeer ? " by the device" : "")}: {BacnetWords.Of(reason)}")
{
    public BacnetAbortReason Reason { get; } = reason;

    /// <summary>False: this side broke it off, or did not begin it because it could not work.</summary>
    public bool IsFromPeer { get; } = isFromPeer;
}

/// <summary>No answer, or no further part of one, in the time and with the retries given.</summary>
public sealed class BacnetTimeoutException(string message) : BacnetException(message);

/// <summary>The message cannot get there: a router says so, a BBMD refuses, or the system does.</summary>
/// <param name="message">What says so.</param>
/// <param name="wasSent">Whether the message may have left this machine.</param>
public sealed class BacnetUnreachableException(string message, bool wasSent = true) : BacnetException(message)
{
    /// <summary>Whether the message may have left this machine, so that the peer may have done what it asks for.</summary>
    public bool WasSent { get; } = wasSent;
}

/// <summary>The peer's answer cannot be read, or is not one to the request.</summary>
/// <param name="message">What is wrong with it.</param>
/// <param name="isToAnother">It can be read, and answers something else than what was asked: another position, another object.</param>
public sealed class BacnetAnswerException(string message, bool isToAnother = false) : BacnetException(message)
{
    /// <summary>Whether the peer answered something else, however often it was asked.</summary>
    public bool IsToAnother { get; } = isToAnother;
}
