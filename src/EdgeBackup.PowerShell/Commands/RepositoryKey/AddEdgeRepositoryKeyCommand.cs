using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Adds a key that opens a repository, in place of another one where that is wanted.</summary>
[Cmdlet(VerbsCommon.Add, "EdgeRepositoryKey", SupportsShouldProcess = true)]
[OutputType(typeof(RepositoryKeyInfo))]
public sealed class AddEdgeRepositoryKeyCommand : EdgeRepositoryCommand
{
    private const string PassphraseSet = "Passphrase";
    private const string KeyFileSet = "KeyFile";
    private const string RecoveryKeySet = "RecoveryKey";

    /// <summary>Will open the repository.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PassphraseSet)]
    public SecureString? Passphrase { get; set; }

    /// <summary>Made where it does not exist.</summary>
    [Parameter(Mandatory = true, ParameterSetName = KeyFileSet)]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>Makes a recovery key and shows it once.</summary>
    [Parameter(Mandatory = true, ParameterSetName = RecoveryKeySet)]
    public SwitchParameter RecoveryKey { get; set; }

    /// <summary>The id of a key that goes when the new one is proved.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Replace { get; set; }

    /// <summary>Why; it stands in the events.</summary>
    [Parameter]
    public string? Reason { get; set; }

    private protected override string? Why => Reason;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var keyFile = KeyFile is null ? null : ResolvePath(KeyFile);
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            var what = ParameterSetName switch { PassphraseSet => "a passphrase", KeyFileSet => "a key file", _ => "a recovery key" };
            var action = Replace is null ? $"Add {what}" : $"Add {what} and remove the key {Replace}";
            if (!await ConfirmAsync(pipeline, context.Location, action).ConfigureAwait(false))
            {
                return;
            }

            var (locations, _, _, _) = RepositorySession.Surroundings();
            var key = new RepositoryKeyOptions { Passphrase = SecretText.Read(Passphrase), KeyFile = keyFile };
            var added = await new ChangeKeys(context, locations, pipeline.Observer).AddAsync(key, Replace, cancellationToken).ConfigureAwait(false);
            var output = new PSObject(RepositoryKeyOutput.From(context, added.Key, added.RecoveryKey));
            if (added.RecoveryKey is not null)
            {
                output.TypeNames.Insert(0, "EdgeBackup.RepositoryKeyInfo#New");
            }

            await pipeline.WriteAsync(output).ConfigureAwait(false);
        });
    }
}
