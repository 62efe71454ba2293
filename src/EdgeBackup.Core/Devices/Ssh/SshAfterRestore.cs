using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>
/// Lets a device work on with its old state: runs its type's commands after a restore, each once. Before each the stage is
/// told which one comes: where it ends the connection (it restarts the device, or the line broke meanwhile), nobody knows
/// whether it did its work, and it is not run again, or a device would be restarted by each contact.
/// </summary>
internal sealed class SshAfterRestore(SshTarget target)
{
    private const int FingerprintLength = 8;

    private readonly HashSet<string> told = new(StringComparer.Ordinal);

    private IReadOnlyList<DeviceCommand> Commands => target.Options.Definition?.Commands.AfterRestore ?? [];

    /// <summary>
    /// Whether they wait, because something runs on the device, which works then: told once. What may only be left of what
    /// the commands before the restore have stopped holds nothing up, or that would never be started.
    /// </summary>
    public async Task<bool> MustWaitAsync(SshShell shell, SshStatus status, string stage, CancellationToken cancellationToken)
    {
        var (work, isOnlyListed) = await status.FindWorkAsync(shell, cancellationToken).ConfigureAwait(false);
        if (work is null || (isOnlyListed && await IsLeftByWhatWasStoppedAsync(shell, stage, cancellationToken).ConfigureAwait(false)))
        {
            return false;
        }

        if (Commands.Count > 0 && told.Add(stage))
        {
            (target.Options.Warn ?? target.Options.Trace)?.Invoke(
                $"a restore did not come to its end here, and the commands that its type runs after a restore wait, because something runs on the device: {work}. The next command that contacts it while nothing runs runs them.");
        }

        return true;
    }

    private static async Task<bool> IsLeftByWhatWasStoppedAsync(SshShell shell, string stage, CancellationToken cancellationToken)
    {
        await shell.SendAsync("stopped", [stage, RemoteListing.Name(FolderDevice.TransactionsFile)], cancellationToken).ConfigureAwait(false);
        return await shell.Reader.ReadTextAsync(cancellationToken).ConfigureAwait(false) == "yes";
    }

    /// <summary>Runs those that were not begun yet.</summary>
    /// <param name="shell">The device's.</param>
    /// <param name="stage">The restore's stage.</param>
    /// <param name="mark">What it says.</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    /// <exception cref="EdgeBackupException">RestoreFailed: one failed. DeviceUnreachable: one ended the connection.</exception>
    public async Task RunAsync(SshShell shell, string stage, string mark, CancellationToken cancellationToken)
    {
        for (var number = FindNext(mark); number < Commands.Count; number++)
        {
            var command = Commands[number];

            // A stage that takes no note, on a full disk say, must not keep a service from being started.
            await SshStages.MarkAsync(shell, stage, Mark(number, command), cancellationToken).ConfigureAwait(false);
            try
            {
                await SshCommands.RunAsync(shell, target, [command], ErrorIds.RestoreFailed, "after a restore", cancellationToken).ConfigureAwait(false);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.DeviceUnreachable)
            {
                throw target.Errors.Create(ErrorIds.DeviceUnreachable, $"{Unknown(command)} {exception.Message.TrimEnd('.')}", exception);
            }
        }
    }

    /// <summary>The first that was not begun; of one that was and did not come to its end, somebody is told.</summary>
    private int FindNext(string mark)
    {
        var words = mark.Split(' ');
        if (words is not [FoundStage.Starting, var text, _] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return 0;
        }

        if (number < Commands.Count && mark == Mark(number, Commands[number]))
        {
            (target.Options.Warn ?? target.Options.Trace)?.Invoke($"{Unknown(Commands[number])} Look at the device.");
            return number + 1;
        }

        // The type has other commands by now: whoever changed them wants those.
        return 0;
    }

    private static string Mark(int number, DeviceCommand command) => string.Create(
        CultureInfo.InvariantCulture,
        $"{FoundStage.Starting} {number} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(command.Command)).AsSpan(0, FingerprintLength))}");

    private static string Unknown(DeviceCommand command) =>
        $"the connection ended while the command '{command.Command}' ran, which its type runs after a restore. Whether that did its work is not known, and it is not run again.";
}
