using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Repository.Maintenance.Repair;

/// <summary>An object's bytes as far as they can be read.</summary>
/// <param name="Content">Null when there is no such object or nothing of it can be read; zeros where it cannot be read.</param>
/// <param name="IsReadable">Whether the store gave an answer for every byte. A disk or share that fails may give more another time.</param>
internal sealed record RawObject(byte[]? Content, bool IsReadable)
{
    private const int Piece = 4096;

    public static async Task<RawObject> ReadAsync(RepositoryCore core, string name, CancellationToken cancellationToken)
    {
        try
        {
            return new RawObject(await core.Store.GetAsync(name, cancellationToken).ConfigureAwait(false), IsReadable: true);
        }
        catch (Exception exception) when (GuardedStore.IsNotReadable(exception))
        {
            return new RawObject(await ReadPiecesAsync(core, name, cancellationToken).ConfigureAwait(false), IsReadable: false);
        }
    }

    private static async Task<byte[]?> ReadPiecesAsync(RepositoryCore core, string name, CancellationToken cancellationToken)
    {
        var content = Array.Empty<byte>();
        await foreach (var entry in core.Store.ListAsync(name[..(name.LastIndexOf('/') + 1)], cancellationToken).ConfigureAwait(false))
        {
            if (entry.Name == name)
            {
                content = new byte[entry.Length];
            }
        }

        var isAnyRead = false;
        for (var offset = 0; offset < content.Length; offset += Piece)
        {
            try
            {
                var piece = content.AsMemory(offset, Math.Min(Piece, content.Length - offset));
                isAnyRead |= await core.Store.ReadAsync(name, offset, piece, cancellationToken).ConfigureAwait(false) > 0;
            }
            catch (Exception exception) when (GuardedStore.IsNotReadable(exception))
            {
                // A sector that is gone stays zeros: its checksum tells.
            }
        }

        return isAnyRead ? content : null;
    }
}
