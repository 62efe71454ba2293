namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>What a device can do with messages longer than one APDU (BACnetSegmentation).</summary>
public enum BacnetSegmentation
{
    Both = 0,
    Transmit = 1,
    Receive = 2,
    None = 3,
}

/// <summary>What ReinitializeDevice asks for.</summary>
public enum BacnetReinitializedState
{
    ColdStart = 0,
    WarmStart = 1,
    StartBackup = 2,
    EndBackup = 3,
    StartRestore = 4,
    EndRestore = 5,
    AbortRestore = 6,
}

/// <summary>Where a device is in the procedure of clause 19.1 (BACnetBackupState).</summary>
public enum BacnetBackupState
{
    Idle = 0,
    PreparingForBackup = 1,
    PreparingForRestore = 2,
    PerformingBackup = 3,
    PerformingRestore = 4,
    BackupFailure = 5,
    RestoreFailure = 6,
}

/// <summary>BACnetDeviceStatus.</summary>
public enum BacnetSystemStatus
{
    Operational = 0,
    OperationalReadOnly = 1,
    DownloadRequired = 2,
    DownloadInProgress = 3,
    NonOperational = 4,
    BackupInProgress = 5,
}

/// <summary>How a File object is read and written (BACnetFileAccessMethod).</summary>
public enum BacnetFileAccess
{
    Record = 0,
    Stream = 1,
}

/// <summary>Services that are answered (BACnetConfirmedServiceChoice). Up to 25 the number is the bit in Protocol_Services_Supported too.</summary>
public enum BacnetConfirmedService : byte
{
    AtomicReadFile = 6,
    AtomicWriteFile = 7,
    CreateObject = 10,
    DeleteObject = 11,
    ReadProperty = 12,
    ReadPropertyMultiple = 14,
    WriteProperty = 15,
    WritePropertyMultiple = 16,
    ReinitializeDevice = 20,
    ReadRange = 26,
}

/// <summary>Services that nobody answers as such (BACnetUnconfirmedServiceChoice).</summary>
public enum BacnetUnconfirmedService : byte
{
    IAm = 0,
    IHave = 1,
    UnconfirmedEventNotification = 3,
    WhoHas = 7,
    WhoIs = 8,
}

public enum BacnetErrorClass
{
    Device = 0,
    Object = 1,
    Property = 2,
    Resources = 3,
    Security = 4,
    Services = 5,
    Vt = 6,
    Communication = 7,
}

/// <summary>Error codes that this product or its simulator names; a device may send any number.</summary>
public enum BacnetErrorCode
{
    Other = 0,
    ConfigurationInProgress = 2,
    DeviceBusy = 3,
    DynamicCreationNotSupported = 4,
    FileAccessDenied = 5,
    InconsistentParameters = 7,
    InvalidDataType = 9,
    InvalidFileAccessMethod = 10,
    InvalidFileStartPosition = 11,
    InvalidParameterDataType = 13,
    MissingRequiredParameter = 16,
    NoObjectsOfSpecifiedType = 17,
    NoSpaceForObject = 18,
    NoSpaceToWriteProperty = 20,
    ObjectIdentifierAlreadyExists = 24,
    PasswordFailure = 26,
    ReadAccessDenied = 27,
    ServiceRequestDenied = 29,
    Timeout = 30,
    UnknownObject = 31,
    UnknownProperty = 32,
    UnsupportedObjectType = 36,
    ValueOutOfRange = 37,
    WriteAccessDenied = 40,
    CharacterSetNotSupported = 41,
    InvalidArrayIndex = 42,
    OptionalFunctionalityNotSupported = 45,
    InvalidConfigurationData = 46,
    DatatypeNotSupported = 47,
    DuplicateName = 48,
    DuplicateObjectId = 49,
    PropertyIsNotAnArray = 50,
    AbortBufferOverflow = 51,
    FileFull = 128,
    InconsistentConfiguration = 129,
    InconsistentObjectType = 130,
    InternalError = 131,
    NotConfigured = 132,
    OutOfMemory = 133,
    ParameterOutOfRange = 80,
    Busy = 82,
}

public enum BacnetRejectReason : byte
{
    Other = 0,
    BufferOverflow = 1,
    InconsistentParameters = 2,
    InvalidParameterDataType = 3,
    InvalidTag = 4,
    MissingRequiredParameter = 5,
    ParameterOutOfRange = 6,
    TooManyArguments = 7,
    UndefinedEnumeration = 8,
    UnrecognizedService = 9,
}

public enum BacnetAbortReason : byte
{
    Other = 0,
    BufferOverflow = 1,
    InvalidApduInThisState = 2,
    PreemptedByHigherPriorityTask = 3,
    SegmentationNotSupported = 4,
    SecurityError = 5,
    InsufficientSecurity = 6,
    WindowSizeOutOfRange = 7,
    ApplicationExceededReplyTime = 8,
    OutOfResources = 9,
    TsmTimeout = 10,
    ApduTooLong = 11,
}
