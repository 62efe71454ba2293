using System.Runtime.CompilerServices;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// A capture over ssh: one listing, then the bytes of what is asked for. Nothing on the device is locked and none of its
/// space is used, so every file proves by itself that it held still.
/// </summary>
internal sealed class SshCapture : ICapture
{
    private readonly SshTarget target;
    private readonly SshScope scope;
    private readonly BackupContent content;
    private readonly Func<CancellationToken, Task<SshShell>> openAsync;
    private readonly List<NotSavedItem> notSaved = [];
    private SshShell? shell;
    private SshItemReader? reader;
    private RemoteEntry? root;
    private bool isBegun;
    private bool isEnded;

    private SshCapture(SshTarget target, SshScope scope, BackupContent content, Func<CancellationToken, Task<SshShell>> openAsync)
    {
        this.target = target;
        this.scope = scope;
        this.content = content;
        this.openAsync = openAsync;
    }

    public IReadOnlyList<NotSavedItem> NotSaved => notSaved;

    private DeviceCommands Commands => target.Options.Definition?.Commands ?? new DeviceCommands();

    /// <summary>Connects, and runs the type's commands before a capture.</summary>
    /// <exception cref="EdgeBackupException">CaptureFailed: one of them failed.</exception>
    public static async Task<SshCapture> BeginAsync(SshTarget target, SshScope scope, BackupContent content, Func<SshShell, CancellationToken, Task> recoverAsync, Func<CancellationToken, Task<SshShell>> openAsync, CancellationToken cancellationToken)
    {
        var capture = new SshCapture(target, scope, content, openAsync);
        try
        {
            capture.shell = await openAsync(cancellationToken).ConfigureAwait(false);
            await recoverAsync(capture.shell, cancellationToken).ConfigureAwait(false);
            capture.isBegun = capture.Commands.BeforeCapture.Count > 0;
            await SshCommands.RunAsync(capture.shell, target, capture.Commands.BeforeCapture, ErrorIds.CaptureFailed, "before a capture", cancellationToken).ConfigureAwait(false);
            return capture;
        }
        catch
        {
            await capture.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async IAsyncEnumerable<Item> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        notSaved.Clear();
        var items = await ListAllAsync(cancellationToken).ConfigureAwait(false);
        reader ??= new SshItemReader(target, Take(), openAsync);
        reader.SetOrder(items.Where(item => item is { Type: ItemType.File, Retain: not RetainLevel.None }));
        foreach (var item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }
    }

    public Task<CapturedItem?> OpenReadAsync(Item item, CancellationToken cancellationToken)
    {
        reader ??= new SshItemReader(target, Take(), openAsync);
        return reader.OpenAsync(item, cancellationToken);
    }

    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await StopReadingAsync().ConfigureAwait(false);
        shell ??= await openAsync(cancellationToken).ConfigureAwait(false);
        var now = await LookAtRootAsync(cancellationToken).ConfigureAwait(false);
        if (root is not null && now?.FileId != root.FileId)
        {
            throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The folder '{scope.Root}' of '{target.Errors.Device}' was replaced while it was captured, perhaps by a restore, so that the capture would mix two states. Try again.",
                target.Errors.Device);
        }

        await EndAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopReadingAsync().ConfigureAwait(false);
        try
        {
            await EndAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            // The capture is given up, and its own failure is on its way already.
            target.Options.Trace?.Invoke(exception.Message);
        }

        if (shell is not null)
        {
            await shell.DisposeAsync().ConfigureAwait(false);
            shell = null;
        }
    }

    private async Task<List<Item>> ListAllAsync(CancellationToken cancellationToken)
    {
        // A second listing after reading has begun needs a shell of its own.
        var own = reader is null ? null : await openAsync(cancellationToken).ConfigureAwait(false);
        var used = own ?? (shell ??= await openAsync(cancellationToken).ConfigureAwait(false));
        try
        {
            var starts = await scope.FindStartsAsync(used, target.Errors, cancellationToken).ConfigureAwait(false);
            var before = used.Greeting.Time;
            var entries = await RemoteListing.ListAsync(used, starts, cancellationToken).ConfigureAwait(false);
            if (entries.TryGetValue("", out var found))
            {
                root = found;
            }

            return SshItems.Of(entries, scope, content, before - target.Settings.StampMargin, target.Errors.Device, notSaved.Add);
        }
        catch (InvalidDataException exception)
        {
            throw new EdgeBackupException(
                ErrorIds.CaptureFailed,
                $"The folder '{scope.Root}' of '{target.Errors.Device}' cannot be listed: {exception.Message.TrimEnd('.')}. Give the user of the address the right to read it, rename what has such a name, then try again.",
                target.Errors.Device,
                exception);
        }
        finally
        {
            if (own is not null)
            {
                await own.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<RemoteEntry?> LookAtRootAsync(CancellationToken cancellationToken)
    {
        try
        {
            // By its path: a shell that stands in the old folder would see the old one for ever.
            var looks = await RemoteListing.LookAsync(shell!, [shell!.Greeting.Root], cancellationToken).ConfigureAwait(false);
            return looks.Values.FirstOrDefault();
        }
        catch (InvalidDataException exception)
        {
            throw target.Errors.Invalid($"its root cannot be looked at: {exception.Message}", exception);
        }
    }

    private SshShell Take()
    {
        var taken = shell ?? throw new InvalidOperationException("Items are listed before they are read.");
        shell = null;
        return taken;
    }

    private async Task StopReadingAsync()
    {
        if (reader is not null)
        {
            var left = await reader.StopAsync().ConfigureAwait(false);
            await reader.DisposeAsync().ConfigureAwait(false);
            reader = null;
            shell ??= left;
        }
    }

    /// <summary>Runs the type's commands after a capture, once, if those before it were begun.</summary>
    private async Task EndAsync(CancellationToken cancellationToken)
    {
        if (isEnded || !isBegun)
        {
            return;
        }

        isEnded = true;
        shell ??= await openAsync(cancellationToken).ConfigureAwait(false);
        await SshCommands.RunAsync(shell, target, Commands.AfterCapture, ErrorIds.CaptureFailed, "after a capture", cancellationToken).ConfigureAwait(false);
    }
}
