using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet.Services;

/// <summary>ReinitializeDevice (clause 16.4), whose states 2 to 6 are the backup and restore procedure.</summary>
internal sealed class ReinitializeService(SimulatedBacnetDevice device)
{
    private const int LongestPassword = 20;

    private static readonly ServiceAnswer InProgress = ServiceAnswer.Error(BacnetErrorClass.Device, BacnetErrorCode.ConfigurationInProgress);

    public ServiceAnswer Answer(ReadOnlySpan<byte> payload)
    {
        var reader = new BacnetReader(payload);
        if (!reader.TryReadContextUnsigned(0, out var number))
        {
            return ServiceAnswer.Malformed;
        }

        string? password = null;
        if (reader.IsContext(1))
        {
            if (!reader.TryReadContextText(1, out var text))
            {
                return ServiceAnswer.Malformed;
            }

            password = text;
        }

        if (!reader.AtEnd)
        {
            return ServiceAnswer.Reject(BacnetRejectReason.TooManyArguments);
        }

        return Refuse((BacnetReinitializedState)number, password) ?? Do((BacnetReinitializedState)number);
    }

    private ServiceAnswer? Refuse(BacnetReinitializedState state, string? password)
    {
        if (device.Options.Password is { } required)
        {
            if (password?.Length > LongestPassword)
            {
                return ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.ParameterOutOfRange);
            }

            if (password != required)
            {
                return ServiceAnswer.Error(BacnetErrorClass.Security, BacnetErrorCode.PasswordFailure);
            }
        }

        return state is >= BacnetReinitializedState.StartBackup and <= BacnetReinitializedState.AbortRestore
            && device.Options.Reinitialize == ReinitializeSupport.RestartsOnly
            ? ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.OptionalFunctionalityNotSupported)
            : null;
    }

    private ServiceAnswer Do(BacnetReinitializedState state)
    {
        var procedure = device.Procedure;
        var isBackup = procedure.State is BacnetBackupState.PreparingForBackup or BacnetBackupState.PerformingBackup;
        switch (state)
        {
            case BacnetReinitializedState.ColdStart or BacnetReinitializedState.WarmStart:
                procedure.Forget();
                return ServiceAnswer.Done;
            case BacnetReinitializedState.StartBackup or BacnetReinitializedState.StartRestore when procedure.IsRunning:
                return InProgress;
            case BacnetReinitializedState.StartBackup:
                procedure.StartBackup();
                return ServiceAnswer.Done;
            case BacnetReinitializedState.StartRestore:
                procedure.StartRestore();
                return ServiceAnswer.Done;
            case BacnetReinitializedState.EndBackup when procedure.IsRunning && !isBackup:
                return InProgress;
            case BacnetReinitializedState.EndBackup:
                procedure.EndBackup();
                return ServiceAnswer.Done;
            case BacnetReinitializedState.EndRestore when !procedure.FilesAreWritable:
                return InProgress;
            case BacnetReinitializedState.EndRestore:
                procedure.EndRestore();
                return ServiceAnswer.Done;
            case BacnetReinitializedState.AbortRestore when isBackup:
                return InProgress;
            case BacnetReinitializedState.AbortRestore:
                procedure.AbortRestore();
                return ServiceAnswer.Done;
            default:
                return ServiceAnswer.Error(BacnetErrorClass.Services, BacnetErrorCode.ParameterOutOfRange);
        }
    }
}
