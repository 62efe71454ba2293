using System.Management.Automation;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Formatting;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows a restore's plan, path by path, as -WhatIf does.</summary>
internal static class RestoreWhatIf
{
    public static async Task ShowAsync(PSCmdlet command, OperationPipeline pipeline, RestorePreview preview, bool isDevice = true)
    {
        if (!preview.IsCompared && isDevice)
        {
            await ShowAsync($"Leave the present configuration of {preview.Target} unread, since reading it is a procedure on the device: what follows is in the backup, and is not compared.").ConfigureAwait(false);
        }

        foreach (var step in preview.Steps)
        {
            var text = step.Action switch
            {
                RestoreAction.Restore => $"Restore '{step.Path}' ({DisplayText.Size(step.Length)}) to {preview.Target}.",
                RestoreAction.Unchanged => $"Leave '{step.Path}' on {preview.Target} as it is: it is the same in the backup.",
                RestoreAction.Remove => $"Remove '{step.Path}' from {preview.Target}: it is not in the backup.",
                _ => $"Not restore '{step.Path}': {step.Reason}",
            };
            await ShowAsync(text).ConfigureAwait(false);
        }

        Task ShowAsync(string text) => pipeline.AskAsync(() => command.ShouldProcess(text, text, "Restore"));
    }
}
