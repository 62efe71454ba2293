using System.Security.Cryptography;

namespace EdgeBackup.Core.Archives.Reading;

/// <summary>A file of an archive that is read forwards; at its end it must have been what the manifest says.</summary>
internal sealed class HashedInput : Stream
{
    private readonly FileStream file;
    private readonly ArchiveFile expected;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long read;

    /// <param name="path">Absolute.</param>
    /// <param name="expected">What it must be.</param>
    public HashedInput(string path, ArchiveFile expected)
    {
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        this.expected = expected;
    }

    /// <summary>What is wrong with the file, read to its end; null for nothing.</summary>
    public string? Fault { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => read;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var count = file.Read(buffer);
        if (count > 0)
        {
            hash.AppendData(buffer[..count]);
            read += count;
        }
        else if (buffer.Length > 0)
        {
            Fault ??= FindFault();
        }

        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads what is left, so that <see cref="Fault"/> tells.</summary>
    public void ReadToEnd(CancellationToken cancellationToken)
    {
        var piece = new byte[128 * 1024];
        while (Read(piece) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
            hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private string? FindFault()
    {
        var digest = Convert.ToHexStringLower(hash.GetCurrentHash());
        return read < expected.Length ? $"it has {read} bytes instead of {expected.Length}: something was cut away"
            : read > expected.Length ? $"it has {read} bytes instead of {expected.Length}: something was added"
            : digest != expected.Sha256 ? "it was altered: its SHA-256 is not that in the manifest"
            : null;
    }
}
