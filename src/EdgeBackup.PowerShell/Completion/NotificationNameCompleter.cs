using System.Runtime.CompilerServices;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>Names of registered notifications.</summary>
internal sealed class NotificationNameCompleter : RepositoryCompleter
{
    protected override Task RefreshAsync(RepositoryContext context, CompletionQuery query, CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async IAsyncEnumerable<Candidate> FindAsync(RepositoryContext context, CompletionQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var book = await NotificationBook.LoadAsync(context.Repository, _ => { }, cancellationToken).ConfigureAwait(false);
        foreach (var entry in book.Entries)
        {
            yield return new Candidate(entry.Name, $"{entry.Name}: {entry.Kind}");
        }
    }
}
