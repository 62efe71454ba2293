using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Sessions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Makes a repository, connects the session to it and shows its recovery key once.</summary>
[Cmdlet(VerbsData.Initialize, "EdgeRepository", SupportsShouldProcess = true)]
[OutputType(typeof(RepositoryInfo))]
public sealed class InitializeEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>A folder, new or empty; without it the user's embedded repository.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>A passphrase that opens the repository.</summary>
    [Parameter]
    public SecureString? Passphrase { get; set; }

    /// <summary>A key file that opens the repository; made where it does not exist.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = Path is not null ? ResolvePath(Path) : RepositoryPath;
        var key = new RepositoryKeyOptions { Passphrase = Secrets.Text(Passphrase), KeyFile = KeyFile is null ? null : ResolvePath(KeyFile) };
        if (!ShouldProcess(path ?? "the embedded repository", "Make a repository"))
        {
            return;
        }

        Run(
            async (writer, cancellationToken) =>
            {
                var made = await RepositorySession.Current.InitializeAsync(path, key, cancellationToken).ConfigureAwait(false);
                writer.Warning("Write the recovery key down and keep it away from this machine. It opens the repository when every other key is lost, and it is shown only now.");
                await writer.WriteObjectAsync(await RepositoryModel.MakeAsync(made.Context, isDefault: true, made.RecoveryKey, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            },
            path);
    }
}
