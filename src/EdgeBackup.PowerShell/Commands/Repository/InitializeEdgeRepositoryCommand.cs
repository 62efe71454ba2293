using System.Management.Automation;
using System.Security;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Makes a repository and connects the session to it.</summary>
[Cmdlet(VerbsData.Initialize, "EdgeRepository", SupportsShouldProcess = true)]
[OutputType(typeof(RepositoryInfo))]
public sealed class InitializeEdgeRepositoryCommand : EdgeRepositoryCommand
{
    /// <summary>A folder that is new or empty.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>Opens the repository.</summary>
    [Parameter]
    public SecureString? Passphrase { get; set; }

    /// <summary>Made where it does not exist.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>Percent of recovery data in each pack; 0 for none. Cannot be changed later.</summary>
    [Parameter]
    [ValidateRange(0, RepositorySettings.LargestRedundancyPercent)]
    public int Redundancy { get; set; } = RepositorySettings.DefaultRedundancyPercent;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var given = Path is null ? RepositoryPath : ResolvePath(Path);
        var keyFile = KeyFile is null ? null : ResolvePath(KeyFile);
        var (locations, environment, connections, author) = RepositorySession.Surroundings();
        var settings = new RepositorySettings { RedundancyPercent = Redundancy };
        var path = given ?? locations.EmbeddedRepository;
        if (!ShouldProcess(path, "Initialize repository"))
        {
            return;
        }

        var deed = Deed;
        Run(
            async (writer, cancellationToken) =>
            {
                var key = new RepositoryKeyOptions { Passphrase = SecretText.Read(Passphrase), KeyFile = keyFile };
                var made = await new InitializeRepository(locations, environment, connections, author).RunAsync(given, key, settings, cancellationToken).ConfigureAwait(false);
                made.Context.Act(deed);
                await made.Context.NoteAsync(new PipelineObserver(writer), EdgeEventCategory.Repository, "Initialized", $"The repository was made at '{path}'.", device: null).ConfigureAwait(false);
                await RepositorySession.Current.ConnectAsync(path, made.Context).ConfigureAwait(false);
                var output = new PSObject(RepositoryOutput.From(path, made.Context, made.RecoveryKey));
                output.TypeNames.Insert(0, "EdgeBackup.RepositoryInfo#New");
                await writer.WriteObjectAsync(output).ConfigureAwait(false);
            },
            path);
    }
}
