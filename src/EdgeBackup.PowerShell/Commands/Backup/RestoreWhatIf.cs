using System.Management.Automation;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Formatting;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Shows a restore's plan, path by path, as -WhatIf does.</summary>
internal static class RestoreWhatIf
{
    public static async Task ShowAsync(PSCmdlet command, OperationPipeline pipeline, RestorePreview preview)
    {
        foreach (var step in preview.Steps)
        {
            var text = step.Action switch
            {
                RestoreAction.Restore => $"Restore '{step.Path}' ({DisplayText.Size(step.Length)}) to {preview.Target}.",
                RestoreAction.Unchanged => $"Leave '{step.Path}' on {preview.Target} as it is: it is the same in the backup.",
                RestoreAction.Remove => $"Remove '{step.Path}' from {preview.Target}: it is not in the backup.",
                _ => $"Not restore '{step.Path}': {step.Reason}",
            };
            await pipeline.AskAsync(() => command.ShouldProcess(text, text, "Restore")).ConfigureAwait(false);
        }
    }
}
