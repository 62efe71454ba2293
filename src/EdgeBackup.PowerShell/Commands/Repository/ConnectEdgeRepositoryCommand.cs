using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Opens a repository and makes it the session's.</summary>
[Cmdlet(VerbsCommunications.Connect, "EdgeRepository")]
[OutputType(typeof(RepositoryInfo))]
public sealed class ConnectEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>The repository's folder.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>One of its passphrases.</summary>
    [Parameter]
    public SecureString? Passphrase { get; set; }

    /// <summary>One of its key files.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The recovery key.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RecoveryKey { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var given = Path is null ? RepositoryPath : ResolvePath(Path);
        var keyFile = KeyFile is null ? null : ResolvePath(KeyFile);
        var (locations, environment, connections, author) = RepositorySession.Surroundings();
        var path = given ?? locations.EmbeddedRepository;
        Run(
            async (writer, cancellationToken) =>
            {
                var key = new RepositoryKeyOptions { Passphrase = SecretText.Read(Passphrase), KeyFile = keyFile, RecoveryKey = RecoveryKey };
                var context = await new OpenRepository(locations, environment, connections, author).RunAsync(given, key, cancellationToken).ConfigureAwait(false);
                await RepositorySession.Current.ConnectAsync(path, context).ConfigureAwait(false);
                if (context.TakeNotice() is { } notice)
                {
                    writer.Warning(notice);
                }

                await writer.WriteObjectAsync(RepositoryOutput.From(path, context)).ConfigureAwait(false);
            },
            path);
    }
}
