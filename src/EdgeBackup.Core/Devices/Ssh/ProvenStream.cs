using System.Security.Cryptography;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>An item's bytes with their announced length. The last of them come only when all are those that were saved.</summary>
internal sealed class ProvenStream(SavedItem item, Stream content) : ForwardReadStream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>A tar's header stands before the bytes and holds their number; whoever writes it asks for that only of what can seek.</summary>
    public override bool CanSeek => true;

    public override long Length => item.Item.Length;

    public override long Position
    {
        get => Passed;
        set
        {
            if (value != Passed)
            {
                throw new NotSupportedException();
            }
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Passed == Length && Passed > 0)
        {
            return 0;
        }

        var read = Length == 0 ? 0 : await content.ReadAsync(buffer[..(int)Math.Min(buffer.Length, Length - Passed)], cancellationToken).ConfigureAwait(false);
        hash.AppendData(buffer.Span[..read]);
        Passed += read;
        if (Passed < Length)
        {
            return read > 0 ? read : throw Different();
        }

        if (await content.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) != 0
            || (item.Digest is not null && Convert.ToHexStringLower(hash.GetCurrentHash()) != item.Digest))
        {
            throw Different();
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private EdgeBackupException Different() => new(
        ErrorIds.RestoreFailed,
        $"The bytes of '{item.Item.Path}' are not those that were saved. Nothing was changed on the device; check the backup with Test-EdgeBackup.",
        item.Item.Path);
}
