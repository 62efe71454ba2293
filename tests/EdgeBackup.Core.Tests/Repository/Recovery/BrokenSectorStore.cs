namespace EdgeBackup.Core.Tests.Repository.Recovery;

/// <summary>A disk on which some sectors of one object cannot be read, until the object is written anew.</summary>
internal sealed class BrokenSectorStore(MemoryObjectStore inner, string name, int sector, int sectors) : ForwardingStore(inner)
{
    private bool isMended;

    public override Task ReplaceAsync(string objectName, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        isMended |= objectName == name;
        return base.ReplaceAsync(objectName, content, cancellationToken);
    }

    public override Task<byte[]?> GetAsync(string objectName, CancellationToken cancellationToken) =>
        objectName == name && !isMended ? throw new IOException("The sector cannot be read.") : base.GetAsync(objectName, cancellationToken);

    public override ValueTask<int> ReadAsync(string objectName, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        objectName == name && !isMended && offset < (sector + sectors) * 4096L && offset + buffer.Length > sector * 4096L
            ? throw new IOException("The sector cannot be read.")
            : base.ReadAsync(objectName, offset, buffer, cancellationToken);
}
