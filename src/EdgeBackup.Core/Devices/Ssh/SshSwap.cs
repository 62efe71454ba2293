using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Lets the device move what is staged into place, proves the result, and brings the old state back where that fails.</summary>
internal sealed class SshSwap(SshTarget target, SshStages stages, Func<CancellationToken, Task<SshShell>> openAsync, SshRestoreWork work, SshShell first)
{
    /// <summary>The shell in use: another one where the first broke, null where none could be had.</summary>
    public SshShell? Shell { get; private set; } = first;

    /// <summary>Whether the old state could not be brought back yet.</summary>
    public bool IsLeftToOthers { get; private set; }

    /// <summary>Whether the type's commands after a restore were run for the old state, well or not.</summary>
    public bool IsEnded { get; private set; }

    private DeviceCommands Commands => target.Options.Definition?.Commands ?? new DeviceCommands();

    /// <summary>Swaps and proves.</summary>
    /// <param name="plan">The steps, which stand in the stage.</param>
    /// <param name="onBroken">Called when it failed, before it is undone; for tests.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed: the device holds its old state, or (<see cref="IsLeftToOthers"/>) will after the next contact.</exception>
    public async Task RunAsync(SshSwapPlan plan, Func<Task>? onBroken)
    {
        EdgeBackupException failure;
        try
        {
            await Shell!.SendAsync("commit", [work.Stage], CancellationToken.None).ConfigureAwait(false);
            var code = await Shell.Reader.ReadTextAsync(CancellationToken.None).ConfigureAwait(false);
            var words = await Shell.Reader.ReadTextAsync(CancellationToken.None).ConfigureAwait(false);
            if (code != "0")
            {
                throw target.Errors.Create(ErrorIds.RestoreFailed, $"not everything could be put in place{SshErrors.Detail(words)}. Check the rights of its user");
            }

            await SshCommands.RunAsync(Shell, target, Commands.AfterRestore, ErrorIds.RestoreFailed, "after a restore", CancellationToken.None).ConfigureAwait(false);
            await CheckAsync().ConfigureAwait(false);
            await ReadBackAsync(plan).ConfigureAwait(false);
            return;
        }
        catch (EdgeBackupException exception)
        {
            failure = exception;
        }

        if (onBroken is not null)
        {
            await onBroken().ConfigureAwait(false);
            throw failure;
        }

        await BringBackAsync(failure).ConfigureAwait(false);
        await WorkOnAsync(failure).ConfigureAwait(false);
        throw new EdgeBackupException(ErrorIds.RestoreFailed, $"{failure.Message} The old state was brought back.", target.Errors.Device, failure);
    }

    /// <summary>Lets the device work with its old state: some only take it by a command.</summary>
    private async Task WorkOnAsync(EdgeBackupException failure)
    {
        try
        {
            await stages.WorkOnAsync(Shell!, work.Stage, CancellationToken.None).ConfigureAwait(false);
            IsEnded = true;
        }
        catch (EdgeBackupException exception)
        {
            // Behind a connection that broke there may be more to run, behind a command that failed nothing comes.
            IsEnded = exception.ErrorId != ErrorIds.DeviceUnreachable;
            throw new EdgeBackupException(
                ErrorIds.RestoreFailed,
                $"{failure.Message} The old items stand in their places again, but it may not work with them yet: {exception.Message} Once that is mended, restore the state from before.",
                target.Errors.Device,
                exception);
        }
    }

    /// <summary>The type's own proof that the device works.</summary>
    private async Task CheckAsync()
    {
        if (target.Options.Definition?.Check is not { } check)
        {
            return;
        }

        var started = target.Clock.GetTimestamp();
        while (true)
        {
            var result = await Shell!.RunAsync(check.Command, isOutputWanted: true, CancellationToken.None).ConfigureAwait(false);
            if (result.Code == 0 && (check.Pattern is null || TypePattern.IsMatch(check.Pattern, result.Output)))
            {
                return;
            }

            if (target.Clock.GetElapsedTime(started) >= check.WaitUpTo)
            {
                throw target.Errors.Create(
                    ErrorIds.RestoreFailed,
                    $"after the restore its check '{check.Command.Command}' did not succeed within {check.WaitUpTo.TotalSeconds:0} s{SshErrors.Detail(Shell.Words)}");
            }

            await Task.Delay(check.Interval, target.Clock, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task ReadBackAsync(SshSwapPlan plan)
    {
        var placed = plan.Steps.Where(step => step.Operation == "place").Select(step => work.Plan.Items[step.Number].Saved)
            .Where(saved => saved.Item.Type == ItemType.File && saved.Digest is not null).ToList();
        var digests = await SshDigests.AskAsync(Shell!, [.. placed.Select(saved => saved.Item.Path)], CancellationToken.None).ConfigureAwait(false);
        var silent = placed.Where(saved => !digests.ContainsKey(saved.Item.Path)).Select(saved => saved.Item).ToList();
        if (silent.Count > 0)
        {
            foreach (var (path, digest) in await SshDigests.ReadAsync(target, silent, openAsync, CancellationToken.None).ConfigureAwait(false))
            {
                digests[path] = digest;
            }
        }

        var different = placed.FirstOrDefault(saved => digests.GetValueOrDefault(saved.Item.Path) != saved.Digest);
        if (different is not null)
        {
            throw target.Errors.Create(ErrorIds.RestoreFailed, $"'{different.Item.Path}' does not hold what was restored. Look at its disk, and at what writes to that file");
        }
    }

    /// <summary>Undoes a swap, over a new connection where the old one broke.</summary>
    private async Task BringBackAsync(EdgeBackupException failure)
    {
        try
        {
            if (failure.ErrorId == ErrorIds.DeviceUnreachable)
            {
                if (Shell is not null)
                {
                    await Shell.DisposeAsync().ConfigureAwait(false);
                    Shell = null;
                }

                Shell = await openAsync(CancellationToken.None).ConfigureAwait(false);
                await stages.WaitUntilDeadAsync(Shell, work.Stage, target.Options.SilenceLimit, CancellationToken.None).ConfigureAwait(false);
            }

            await stages.RevertAsync(Shell!, work.Stage, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception)
        {
            IsLeftToOthers = true;
            throw new EdgeBackupException(
                ErrorIds.RestoreFailed,
                $"{failure.Message} The old state could not be brought back yet; the next command that contacts the device tries again. {exception.Message}",
                target.Errors.Device,
                exception);
        }
    }
}
