using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// A capture over ssh: one listing, then the bytes of what is asked for. Nothing on the device is locked and none of its
/// space is used, so every file proves by itself that it held still.
/// </summary>
internal sealed partial class SshCapture : ICapture
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
    public static async Task<SshCapture> BeginAsync(SshTarget target, SshScope scope, BackupContent content, Func<CancellationToken, Task<SshShell>> openAsync, CancellationToken cancellationToken)
    {
        var capture = new SshCapture(target, scope, content, openAsync);
        try
        {
            capture.shell = await openAsync(cancellationToken).ConfigureAwait(false);
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

    /// <summary>The names of our stages begin like this; nothing in them is an item.</summary>
    [GeneratedRegex(@"(\A|/)\.edgebackup-[0-9a-f]{16}(/|\z)")]
    internal static partial Regex StageName();

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

            return ToItems(entries, SshReading.StaleBefore(before));
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

    private List<Item> ToItems(IReadOnlyDictionary<string, RemoteEntry> entries, DateTimeOffset staleBefore)
    {
        var parents = entries.Values.Where(entry => entry.Type != FileEntryType.Other).Select(entry => Parent(entry.Path)).ToHashSet(StringComparer.Ordinal);
        var items = new List<Item>(entries.Count);
        foreach (var entry in entries.Values.OrderBy(entry => entry.Path, StringComparer.Ordinal))
        {
            if (entry.Path.Length == 0 || entry.Path == FolderDevice.TransactionsFile || StageName().IsMatch(entry.Path))
            {
                continue;
            }

            var item = scope.Rules.Apply(new Item
            {
                Path = entry.Path,
                Type = entry.Type switch { FileEntryType.Directory => ItemType.Directory, FileEntryType.SymbolicLink => ItemType.SymbolicLink, _ => ItemType.File },
                Length = entry.Length,
                Modified = entry.Modified,
                Kind = entry.Path == FolderDevice.IdentityFile ? ItemKind.Identity : ItemKind.Configuration,
                UnixMode = entry.Type == FileEntryType.SymbolicLink ? null : entry.UnixMode,
                LinkTarget = entry.LinkTarget,
                Stamp = entry.Type == FileEntryType.File ? entry.StampOf(staleBefore) : null,
                IsContainer = entry.Type == FileEntryType.Directory && parents.Contains(entry.Path),
            });
            if (item is null || (item.Kind == ItemKind.History && content == BackupContent.Configuration))
            {
                continue;
            }

            CheckName(entry);
            if (entry.Type == FileEntryType.Other)
            {
                notSaved.Add(new NotSavedItem(entry.Path, "it is a socket, a pipe or a device, which has no bytes to save"));
            }
            else if (entry.Type != FileEntryType.SymbolicLink || entry.LinkTarget is not null)
            {
                items.Add(item);
            }
        }

        return items;
    }

    private void CheckName(RemoteEntry entry)
    {
        var fault = !entry.IsNameValid ? "it is not valid UTF-8"
            : entry.LinkTarget?.Contains('\uFFFD', StringComparison.Ordinal) == true ? "the link points to a name that is not valid UTF-8"
            : entry.Path.Contains('\n', StringComparison.Ordinal) ? "it has a line break in it"
            : ItemPath.FindFault(entry.Path);
        if (fault is not null)
        {
            throw new EdgeBackupException(
                ErrorIds.ItemPathInvalid,
                $"The name of '{entry.Path.Replace('\n', '?')}' on '{target.Errors.Device}' cannot be in a backup: {fault}. Rename it, or exclude it in the device's type, then try again.",
                entry.Path);
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

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];
}
