using System.Management.Automation;
using System.Management.Automation.Host;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Errors;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>Base of the cmdlets that work in a repository: -Repository, or else the session's, or else the embedded one.</summary>
public abstract class EdgeRepositoryCommand : EdgeCommand
{
    /// <summary>The repository's path, or an object from Get-EdgeRepository.</summary>
    [Parameter]
    [RepositoryPath]
    [ValidateNotNullOrEmpty]
    public string? Repository { get; set; }

    /// <summary>Why the command is run, where its user can say so.</summary>
    private protected virtual string? Why => null;

    /// <summary>What the events of this command say of it. To be asked for on the pipeline's thread: it reads the session's variables.</summary>
    private protected Core.Records.Deed Deed
    {
        get
        {
            var caller = Caller.Find(SessionState.PSVariable);
            return new()
            {
                Domain = Environment.UserDomainName,
                Process = $"{Path.GetFileNameWithoutExtension(Environment.ProcessPath)} ({Environment.ProcessId})",
                Command = MyInvocation.MyCommand.Name,
                Reason = Why,
                OnBehalfOf = caller.User,
                Client = caller.Client,
            };
        }
    }

    /// <summary>The absolute path that -Repository means; null where it is not given.</summary>
    private protected string? RepositoryPath => Repository is null ? null : ResolvePath(Repository);

    /// <summary>
    /// The file-system path that the user means, which need not exist: relative to the session's location, drives and
    /// '~' of PowerShell resolved, wildcards taken literally.
    /// </summary>
    /// <exception cref="PSInvalidOperationException">The path is on a drive that is no file system.</exception>
    private protected string ResolvePath(string path)
    {
        try
        {
            var resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
            return provider.Name == "FileSystem"
                ? resolved
                : throw new PSInvalidOperationException($"'{path}' is on a {provider.Name} drive. Give a path in a file system.");
        }
        catch (ProviderNotFoundException) when (System.IO.Path.IsPathFullyQualified(path))
        {
            // A role of JEA has no drives. Where it may use a parameter that is a path, a whole one needs none.
            return System.IO.Path.GetFullPath(path);
        }
    }

    /// <summary>A wildcard that matches nothing gives nothing; a literal is tried as it is.</summary>
    private protected IEnumerable<string> ExpandFiles(string path) =>
        WildcardPattern.ContainsWildcardCharacters(path) && !System.IO.Path.Exists(ResolvePath(path))
            ? SessionState.InvokeProvider.Item.Exists(path, force: false, literalPath: false) ? SessionState.Path.GetResolvedProviderPathFromPSPath(path, out _) : []
            : [ResolvePath(path)];

    /// <summary>Runs an operation in the repository that the user means. A repository that cannot be used ends the command; anything else is one error.</summary>
    /// <param name="operation">What to do.</param>
    /// <param name="target">What the user named.</param>
    private protected void RunInRepository(Func<RepositoryContext, OperationPipeline, CancellationToken, Task> operation, object? target = null)
    {
        var path = RepositoryPath;
        var deed = Deed;
        RunEach(
            async (writer, cancellationToken) =>
            {
                var borrowed = await RepositorySession.Current.BorrowAsync(path, cancellationToken).ConfigureAwait(false);
                await using var lease = borrowed.ConfigureAwait(false);
                borrowed.Context.Act(deed);
                if (borrowed.Context.TakeNotice() is { } notice)
                {
                    writer.Warning(notice);
                }

                var context = borrowed.Context.WithSecrets(new SecretManagementSource(this, writer));
                await operation(context, new OperationPipeline(writer), cancellationToken).ConfigureAwait(false);
            },
            target);
    }

    /// <summary>Borrows the repository that the user named, or the session's if it can be opened: for commands that do without one where there is none.</summary>
    /// <param name="repository">Absolute; null for the session's.</param>
    /// <param name="without">What the user is told where there is none.</param>
    /// <param name="pipeline">Takes that: as a warning where there is one that cannot be opened.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="EdgeBackupException">The one that the user named cannot be opened.</exception>
    private protected static async Task<BorrowedRepository?> BorrowIfAnyAsync(string? repository, string without, OperationPipeline pipeline, CancellationToken cancellationToken)
    {
        try
        {
            return await RepositorySession.Current.BorrowAsync(repository, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (repository is null && EdgeErrors.EndsCommand(exception))
        {
            var text = $"{without} {exception.Message}";
            if (exception.ErrorId == ErrorIds.RepositoryNotFound && !RepositorySession.Current.IsConnected)
            {
                pipeline.Observer.Verbose(text);
            }
            else
            {
                // There is one, and what only it knows is missing from the answer.
                pipeline.Observer.Warning(text);
            }

            return null;
        }
    }

    /// <summary>Runs an operation for each backup that texts mean; what is not found, or fails, is an error of its own.</summary>
    private protected void RunForBackups(IReadOnlyList<string> texts, Func<RepositoryContext, Core.Catalog.CatalogBackup, OperationPipeline, CancellationToken, Task> operation) =>
        RunInRepository(async (context, pipeline, cancellationToken) =>
        {
            await foreach (var backup in new FindBackups(context).ResolveAsync(texts, pipeline.WriteErrorAsync, cancellationToken).ConfigureAwait(false))
            {
                await pipeline.GuardAsync(() => operation(context, backup, pipeline, cancellationToken), backup.Id).ConfigureAwait(false);
            }
        });

    /// <summary>Runs an operation for each registered device that texts mean; what is not found, or fails, is an error of its own.</summary>
    private protected void RunForDevices(IReadOnlyList<string> texts, Func<RepositoryContext, string, OperationPipeline, CancellationToken, Task> operation, bool passOverReplaced = false) =>
        RunInRepository((context, pipeline, cancellationToken) => RunForDevicesAsync(context, texts, operation, passOverReplaced, pipeline, cancellationToken));

    /// <inheritdoc cref="RunForDevices"/>
    private protected static async Task RunForDevicesAsync(
        RepositoryContext context,
        IReadOnlyList<string> texts,
        Func<RepositoryContext, string, OperationPipeline, CancellationToken, Task> operation,
        bool passOverReplaced,
        OperationPipeline pipeline,
        CancellationToken cancellationToken)
    {
        foreach (var (text, id, error) in await RegisteredDevices.ResolveAsync(context, texts, cancellationToken, passOverReplaced).ConfigureAwait(false))
        {
            if (error is not null)
            {
                await pipeline.WriteErrorAsync(error).ConfigureAwait(false);
                continue;
            }

            await pipeline.GuardAsync(() => operation(context, id!, pipeline, cancellationToken), text).ConfigureAwait(false);
        }
    }

    /// <summary>Asks ShouldProcess on the pipeline's thread; -Force answers the confirmation, never -WhatIf.</summary>
    private protected Task<bool> ConfirmAsync(OperationPipeline pipeline, string target, string action, bool force = false) =>
        force && !IsWhatIf ? Task.FromResult(true) : pipeline.AskAsync(() => Ask(target, action));

    private bool Ask(string target, string action)
    {
        try
        {
            return ShouldProcess(target, action);
        }
        catch (Exception exception) when (exception is NullReferenceException or PSInvalidOperationException or HostException)
        {
            // PowerShell's own prompt falls over where there is no terminal (cron, a service), and refuses with -NonInteractive.
            throw new PSInvalidOperationException($"'{action}' on '{target}' needs a confirmation, and nobody can be asked here. Unattended, say -Confirm:$false (or -Force where the command has it).", exception);
        }
    }

    /// <summary>Whether the command only tells what it would do.</summary>
    private protected bool IsWhatIf =>
        MyInvocation.BoundParameters.TryGetValue("WhatIf", out var given)
            ? given is SwitchParameter { IsPresent: true }
            : SessionState.PSVariable.GetValue("WhatIfPreference") is { } preference && LanguagePrimitives.IsTrue(preference);
}
