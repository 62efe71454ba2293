using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using Microsoft.Win32.SafeHandles;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>
/// A file's bytes as they were when it was opened. At the end it looks at the file again: one that only grew is taken
/// up to its old length (logs are appended to), any other change throws.
/// </summary>
internal sealed class FolderReadStream : ForwardReadStream
{
    private readonly SafeFileHandle handle;
    private readonly string path;
    private readonly FileEntry opened;
    private readonly IPlatform platform;
    private bool isWhole;

    public FolderReadStream(SafeFileHandle handle, string path, FileEntry opened, IPlatform platform)
    {
        this.handle = handle;
        this.path = path;
        this.opened = opened;
        this.platform = platform;
    }

    /// <summary>Whether the end was reached and the file was still exactly the same.</summary>
    public bool IsUnchanged { get; private set; }

    /// <summary>Whether the end was reached.</summary>
    public bool IsWhole => isWhole;

    public override long Length => opened.Length;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var wanted = Wanted(buffer.Length);
        try
        {
            return wanted == 0 ? End(buffer.Length) : Advance(RandomAccess.Read(handle, buffer[..wanted], Passed));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(exception);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!OperatingSystem.IsWindows())
        {
            // Unix has no asynchronous file reads: the runtime would block another thread instead of this one.
            return Read(buffer.Span);
        }

        var wanted = Wanted(buffer.Length);
        try
        {
            return wanted == 0
                ? End(buffer.Length)
                : Advance(await RandomAccess.ReadAsync(handle, buffer[..wanted], Passed, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(exception);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            handle.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Wanted(int room) => (int)Math.Min(room, opened.Length - Passed);

    private int Advance(int read)
    {
        if (read == 0)
        {
            throw Changed("it became shorter");
        }

        Passed += read;
        return read;
    }

    private int End(int room)
    {
        if (room == 0 || isWhole)
        {
            return 0;
        }

        var now = platform.Stat(path);
        if (now is null)
        {
            // Deleted or renamed while open: what was read is whole, provided that nobody wrote to it.
            if (RandomAccess.GetLength(handle) < opened.Length)
            {
                throw Changed("it became shorter");
            }
        }
        else if (now.Type != FileEntryType.File || now.FileId != opened.FileId || now.Length < opened.Length)
        {
            throw Changed("another file took its place");
        }
        else if (now.Length == opened.Length && now.Modified != opened.Modified)
        {
            throw Changed("it was written to");
        }

        IsUnchanged = now == opened;
        isWhole = true;
        return 0;
    }

    private EdgeBackupException Changed(string how) => new(
        ErrorIds.CaptureFailed,
        $"The file '{path}' changed while it was read: {how}. Try again when nothing writes to it.",
        path);

    private EdgeBackupException Unreadable(Exception exception) => new(
        ErrorIds.CaptureFailed,
        $"The file '{path}' cannot be read: {exception.Message.TrimEnd('.')}. Check the disk and whether another program keeps the file to itself, then try again.",
        path,
        exception);
}
