using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>A tar on its way into a stage, over a shell of its own: what tar reads, it reads to the end.</summary>
internal sealed class SshUpload : IAsyncDisposable
{
    private readonly SshTarget target;
    private readonly SshShell shell;
    private readonly BufferedStream buffer;
    private readonly TarWriter tar;

    private SshUpload(SshTarget target, SshShell shell, CancellationToken cancellationToken)
    {
        this.target = target;
        this.shell = shell;
        buffer = new BufferedStream(new ShellInput(shell, cancellationToken), 128 * 1024);
        tar = new TarWriter(buffer, TarEntryFormat.Gnu, leaveOpen: true);
    }

    /// <summary>Opens it.</summary>
    /// <param name="target">The device.</param>
    /// <param name="root">The device's root.</param>
    /// <param name="stage">As the script named it.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    public static async Task<SshUpload> OpenAsync(SshTarget target, string root, string stage, CancellationToken cancellationToken)
    {
        var shell = await SshShell.OpenAsync(target, root, "sending a restore", cancellationToken).ConfigureAwait(false);
        await shell.SendAsync("unpack", [stage], cancellationToken).ConfigureAwait(false);
        return new SshUpload(target, shell, CancellationToken.None);
    }

    /// <summary>A time that every tar can hold.</summary>
    public static DateTimeOffset TimeOf(DateTimeOffset? time) => time is { } known && known > DateTimeOffset.UnixEpoch ? known : DateTimeOffset.UnixEpoch;

    /// <summary>Sends a file or a link.</summary>
    /// <param name="name">Its name in the stage.</param>
    /// <param name="item">What it is.</param>
    /// <param name="content">A file's bytes; checked against length and digest before their end is sent.</param>
    /// <param name="owner">Whose it will be, where we are the superuser.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed.</exception>
    public async Task SendAsync(string name, SavedItem item, Stream content, (int Owner, int Group) owner, CancellationToken cancellationToken)
    {
        var isLink = item.Item.Type == ItemType.SymbolicLink;
        var entry = new GnuTarEntry(isLink ? TarEntryType.SymbolicLink : TarEntryType.RegularFile, name)
        {
            Mode = (UnixFileMode)(item.Item.UnixMode ?? (isLink ? 0x1FF : 0x1A4)),
            ModificationTime = TimeOf(item.Item.Modified),
            Uid = owner.Owner,
            Gid = owner.Group,
        };
        if (isLink)
        {
            entry.LinkName = item.Item.LinkTarget!;
            await WriteAsync(entry, cancellationToken).ConfigureAwait(false);
            return;
        }

        var proven = new ProvenStream(item, content);
        await using (proven.ConfigureAwait(false))
        {
            entry.DataStream = proven;
            await WriteAsync(entry, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a file of our own.</summary>
    public async Task SendAsync(string name, byte[] bytes, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(bytes, writable: false);
        await WriteAsync(
            new GnuTarEntry(TarEntryType.RegularFile, name) { Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, ModificationTime = target.Clock.GetUtcNow(), DataStream = content },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the tar and hears whether all of it arrived.</summary>
    /// <exception cref="EdgeBackupException">RestoreFailed: it did not.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await tar.DisposeAsync().ConfigureAwait(false);
            await buffer.FlushAsync(cancellationToken).ConfigureAwait(false);
            shell.CloseInput();
        }
        catch (IOException)
        {
            // The answer says why.
        }

        await HearAsync(isEndExpected: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends it in the middle.</summary>
    public async ValueTask DisposeAsync()
    {
        shell.Kill();
        await shell.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WriteAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await tar.WriteEntryAsync(entry, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            await HearAsync(isEndExpected: false, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task HearAsync(bool isEndExpected, CancellationToken cancellationToken)
    {
        string code;
        string words;
        try
        {
            code = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
            words = await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            throw new EdgeBackupException(ErrorIds.RestoreFailed, $"{exception.Message} Nothing was changed on the device.", target.Errors.Device, exception);
        }

        if (code != "0" || !isEndExpected)
        {
            throw target.Errors.Create(
                ErrorIds.RestoreFailed,
                string.Create(CultureInfo.InvariantCulture, $"it could not take what was sent, and holds its old state: its tar ended with exit code {code}{SshErrors.Detail(words)}. Check its free space and the rights of its user, then try again"));
        }
    }

    /// <summary>The shell's standard input; a closed one throws <see cref="IOException"/>.</summary>
    private sealed class ShellInput(SshShell shell, CancellationToken lifetime) : WriteOnlyStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            shell.WriteRawAsync(buffer, cancellationToken.CanBeCanceled ? cancellationToken : lifetime);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
