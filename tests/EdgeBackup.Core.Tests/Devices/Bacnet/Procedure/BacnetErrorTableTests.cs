using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Bacnet;
using EdgeBackup.Core.Errors;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

/// <summary>What a device answers, and what the user reads.</summary>
public sealed class BacnetErrorTableTests
{
    public static TheoryData<BacnetException, string, string> Rows => new()
    {
        { Error(BacnetErrorCode.ConfigurationInProgress), ErrorIds.DeviceBusy, "Wait until it has ended" },
        { Error(BacnetErrorCode.DeviceBusy), ErrorIds.DeviceBusy, "Try again later" },
        { Error((BacnetErrorCode)82), ErrorIds.DeviceBusy, "Try again later" },
        { Error(BacnetErrorCode.PasswordFailure), ErrorIds.DeviceAuthenticationFailed, "Set-EdgeDevice -Credential" },
        { new BacnetRejectException(BacnetRejectReason.MissingRequiredParameter), ErrorIds.DeviceAuthenticationFailed, "Set-EdgeDevice -Credential" },
        { Error(BacnetErrorCode.ServiceRequestDenied), ErrorIds.DeviceAuthenticationFailed, "Allow backup and restore by BACnet" },
        { Error(BacnetErrorCode.FileAccessDenied), ErrorIds.CaptureFailed, "ended the backup or restore by itself" },
        { Error(BacnetErrorCode.OptionalFunctionalityNotSupported), ErrorIds.DeviceResponseInvalid, "cannot be backed up or restored by BACnet" },
        { new BacnetRejectException(BacnetRejectReason.UnrecognizedService), ErrorIds.DeviceResponseInvalid, "cannot be backed up or restored by BACnet" },
        { new BacnetRejectException(BacnetRejectReason.InvalidTag), ErrorIds.CaptureFailed, "invalid-tag" },
        { new BacnetAbortException(BacnetAbortReason.SegmentationNotSupported, isFromPeer: true), ErrorIds.CaptureFailed, "smallest piece" },
        { new BacnetAbortException(BacnetAbortReason.Other, isFromPeer: true), ErrorIds.CaptureFailed, "Try again" },
        { new BacnetTimeoutException("no answer"), ErrorIds.DeviceUnreachable, "switched on" },
        { new BacnetUnreachableException("no route"), ErrorIds.DeviceUnreachable, "no route" },
        { new BacnetAnswerException("a tag is missing"), ErrorIds.CaptureFailed, "a tag is missing" },
        { Error(BacnetErrorCode.ParameterOutOfRange), ErrorIds.CaptureFailed, "parameter-out-of-range" },
    };

    [Theory]
    [MemberData(nameof(Rows), DisableDiscoveryEnumeration = true)]
    public void Each_answer_becomes_an_error_that_says_what_to_do(BacnetException answer, string id, string words)
    {
        var error = new BacnetDeviceErrors(Options()).From(answer, "START_BACKUP", ErrorIds.CaptureFailed);

        Assert.Equal(id, error.ErrorId);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("'ahu-3'", error.Message, StringComparison.Ordinal);
        Assert.Same(answer, error.InnerException);
    }

    [Theory]
    [InlineData("short", "bacnet://127.0.0.1/7", false, "short")]
    [InlineData("12345678901234567890", "bacnet://localhost/7", false, "12345678901234567890")]
    [InlineData("secret", "bacnet://10.0.0.7/7", true, "secret")]
    [InlineData("", "bacnet://10.0.0.7/7", false, null)]
    public void A_password_goes_where_it_may(string password, string address, bool isAllowed, string? sent) =>
        Assert.Equal(sent, BacnetPassword.From(Options(password, address, isAllowed), BacnetConversation.IsLoopback(BacnetDeviceAddress.Parse(address))));

    [Theory]
    [InlineData("123456789012345678901", "bacnet://127.0.0.1/7", "20")]
    [InlineData("secret", "bacnet://10.0.0.7/7", "-AllowUnencryptedAuthentication")]
    public void A_password_that_may_not_go_is_refused_without_being_shown(string password, string address, string words)
    {
        var error = Assert.Throws<EdgeBackupException>(() => BacnetPassword.From(Options(password, address), BacnetConversation.IsLoopback(BacnetDeviceAddress.Parse(address))));

        Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(password, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(260ul, "A1", "bacnet-260-A1")]
    [InlineData(260ul, null, null)]
    [InlineData(null, "A1", null)]
    [InlineData(260ul, "000000", null)]
    [InlineData(260ul, "A*", null)]
    [InlineData(260ul, "N/A", null)]
    [InlineData(260ul, "unknown", null)]
    [InlineData(260ul, "1234567890", null)]
    [InlineData(260ul, "-", null)]
    [InlineData(260ul, "12345678901", "bacnet-260-12345678901")]
    public void An_id_of_its_own_is_makers_number_and_serial_number(ulong? vendor, string? serial, string? id) => Assert.Equal(id, BacnetStatus.OwnId(vendor, serial));

    [Theory]
    [InlineData(BacnetSystemStatus.Operational, BacnetBackupState.Idle, false)]
    [InlineData(BacnetSystemStatus.Operational, null, false)]
    [InlineData(BacnetSystemStatus.Operational, BacnetBackupState.RestoreFailure, false)]
    [InlineData(BacnetSystemStatus.DownloadRequired, null, false)]
    [InlineData(BacnetSystemStatus.BackupInProgress, null, true)]
    [InlineData(BacnetSystemStatus.DownloadInProgress, null, true)]
    [InlineData(BacnetSystemStatus.Operational, BacnetBackupState.PreparingForBackup, true)]
    [InlineData(null, BacnetBackupState.PerformingRestore, true)]
    public void R2_a_procedure_that_is_under_way_is_running_work(BacnetSystemStatus? status, BacnetBackupState? state, bool isBusy) =>
        Assert.Equal(isBusy, BacnetStatus.FindWork(status, state) is not null);

    private static ConnectionOptions Options(string? password = null, string address = "bacnet://127.0.0.1:47808/7", bool isAllowed = false) => new()
    {
        Address = DeviceAddress.Parse(address, "/"),
        Id = "ahu-3",
        Credential = password is null ? null : new DeviceCredential { UserName = "anyone", Password = password },
        AllowUnencryptedAuthentication = isAllowed,
    };

    private static BacnetErrorException Error(BacnetErrorCode code) => new(BacnetErrorClass.Device, code);
}
