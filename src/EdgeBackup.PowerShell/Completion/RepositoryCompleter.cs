using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>
/// Base of the completers that look into the repository: the one of -Repository, or else the session's, or else the
/// embedded one, as the command itself would. One that is locked gives nothing: whoever presses Tab is never asked, never
/// sees an error, and never waits long.
/// </summary>
internal abstract class RepositoryCompleter : IArgumentCompleter
{
    private const int Limit = 200;

    /// <summary>After this, what was found until then is offered. Tests that ask what is found lengthen it: how long that takes is the machine's affair.</summary>
    internal static TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How much of that may go into seeing what others have changed; a slow share is read from the catalog alone.</summary>
    private static TimeSpan RefreshPatience => Patience / 2;

    /// <summary>Whether the parameter takes wildcards, so that they must be escaped in a value.</summary>
    protected virtual bool TakesWildcards => true;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            var query = new CompletionQuery(new CompletionWord(wordToComplete), fakeBoundParameters);
            return Collect(query, query.FindRepositoryPath()).ConvertAll(ToResult);
        }
        catch (Exception)
        {
            // The command itself will say what is wrong; an error at Tab would only tear up the line that is being typed.
            return [];
        }
    }

    /// <summary>Values that are known without any repository.</summary>
    protected virtual IEnumerable<Candidate> FindFixed(CompletionQuery query) => [];

    /// <summary>Brings what is asked for up to date; may be broken off.</summary>
    protected abstract Task RefreshAsync(RepositoryContext context, CompletionQuery query, CancellationToken cancellationToken);

    /// <summary>Values from the catalog, in the order in which they are offered.</summary>
    protected abstract IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, CancellationToken cancellationToken);

    private List<Candidate> Collect(CompletionQuery query, string? repository)
    {
        var found = new List<Candidate>();
        Add(FindFixed(query));

        // Off this thread, which has a synchronization context of its own in some hosts. Nobody waits for a straggler: it
        // holds nothing but the repository that it borrowed, and gives that back.
        Task.Run(() => ReadAsync(query, repository, candidate => Add([candidate]))).Wait(Patience);
        lock (found)
        {
            return [.. found];
        }

        bool Add(IEnumerable<Candidate> candidates)
        {
            lock (found)
            {
                foreach (var candidate in candidates)
                {
                    if ((query.Word.Matches(candidate.Text) || candidate.Aliases.Any(query.Word.Matches)) && !found.Exists(known => known.Text == candidate.Text))
                    {
                        found.Add(candidate);
                    }
                }

                return found.Count < Limit;
            }
        }
    }

    private async Task ReadAsync(CompletionQuery query, string? repository, Func<Candidate, bool> offer)
    {
        using var stop = new CancellationTokenSource(Patience);
        using var refreshStop = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        refreshStop.CancelAfter(RefreshPatience);
        try
        {
            var borrowed = await RepositorySession.Current.BorrowAsync(repository, stop.Token).ConfigureAwait(false);
            await using var lease = borrowed.ConfigureAwait(false);
            try
            {
                await RefreshAsync(borrowed.Context, query, refreshStop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // What the catalog knew before is still worth offering.
            }

            await foreach (var candidate in FindAsync(borrowed.Context, query, stop.Token).ConfigureAwait(false))
            {
                if (!offer(candidate))
                {
                    return;
                }
            }
        }
        catch (Exception)
        {
            // As in CompleteArgument. What was found before stays.
        }
    }

    private CompletionResult ToResult(Candidate candidate) => new(
        CompletionWord.Quote(candidate.Text, TakesWildcards),
        candidate.Text,
        CompletionResultType.ParameterValue,
        candidate.ToolTip is { Length: > 0 } toolTip ? toolTip : candidate.Text);
}
