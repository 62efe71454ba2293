using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations;

/// <summary>Keeps the types of registered devices in the repository, and tells of it.</summary>
internal static class KeptTypes
{
    public static async Task KeepAsync(RepositoryContext context, IOperationObserver observer, DeviceTypeEntry type, CancellationToken cancellationToken)
    {
        if (await context.Types.KeepAsync(type, cancellationToken).ConfigureAwait(false))
        {
            observer.Verbose($"The device type '{type.Type.Id}' of {type.Location} is now in the repository.");
            await context.NoteAsync(observer, EdgeEventCategory.Device, "TypeKept", $"The device type '{type.Type.Id}' was put into the repository from {type.Location}. It holds for all devices of the type.", device: null).ConfigureAwait(false);
        }
    }
}
