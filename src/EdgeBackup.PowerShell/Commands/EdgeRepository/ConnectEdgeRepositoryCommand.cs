using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Sessions;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Opens a repository for this session.</summary>
[Cmdlet(VerbsCommunications.Connect, "EdgeRepository")]
[OutputType(typeof(RepositoryInfo))]
public sealed class ConnectEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>The repository's folder; without it the user's embedded repository.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The passphrase.</summary>
    [Parameter]
    public SecureString? Passphrase { get; set; }

    /// <summary>The key file; without any key the one that belongs to the repository.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The recovery key as it was shown once.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RecoveryKey { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = Path is not null ? ResolvePath(Path) : RepositoryPath;
        if ((Passphrase is null ? 0 : 1) + (KeyFile is null ? 0 : 1) + (RecoveryKey is null ? 0 : 1) > 1)
        {
            throw new PSArgumentException("Give one of -Passphrase, -KeyFile and -RecoveryKey.");
        }

        var key = new RepositoryKeyOptions
        {
            Passphrase = Secrets.Text(Passphrase),
            KeyFile = KeyFile is null ? null : ResolvePath(KeyFile),
            RecoveryKey = RecoveryKey,
        };
        Run(
            async (writer, cancellationToken) =>
            {
                if (key.KeyFile is not null && !File.Exists(key.KeyFile))
                {
                    throw new EdgeBackupException(ErrorIds.RepositoryKeyWrong, $"There is no key file at '{key.KeyFile}'. Check the path; -RecoveryKey opens the repository when the key file is lost.", key.KeyFile);
                }

                var context = await RepositorySession.Current.ConnectAsync(path, key, cancellationToken).ConfigureAwait(false);
                await writer.WriteObjectAsync(await RepositoryModel.MakeAsync(context, isDefault: true, recoveryKey: null, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            },
            path);
    }
}
