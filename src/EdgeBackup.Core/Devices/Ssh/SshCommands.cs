using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Runs the command lists of a device type.</summary>
internal static class SshCommands
{
    /// <summary>Runs a list in order, up to the first that fails.</summary>
    /// <param name="shell">The device's.</param>
    /// <param name="target">The device.</param>
    /// <param name="commands">The list.</param>
    /// <param name="errorId">What a failure is.</param>
    /// <param name="when">For the message: "before a capture".</param>
    /// <param name="cancellationToken">Ends ssh.</param>
    public static async Task RunAsync(SshShell shell, SshTarget target, IReadOnlyList<DeviceCommand> commands, string errorId, string when, CancellationToken cancellationToken)
    {
        foreach (var command in commands)
        {
            target.Options.Trace?.Invoke($"Running '{command.Command}' {when}.");
            var result = await shell.RunAsync(command, isOutputWanted: false, cancellationToken).ConfigureAwait(false);
            if (result.Code != 0)
            {
                throw target.Errors.Create(
                    errorId,
                    $"the command '{command.Command}', which its type runs {when}, {(result.Code is { } code ? $"failed with exit code {code}" : $"did not end within {command.Timeout.TotalSeconds:0} s and was ended")}{SshErrors.Detail(shell.Words)}. Correct the device or its type");
            }
        }
    }
}
