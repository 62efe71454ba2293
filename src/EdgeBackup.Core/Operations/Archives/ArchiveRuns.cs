using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Archives;

/// <summary>The runs of one device as they stood when they were listed; each is read when it is asked for, once.</summary>
internal sealed class ArchiveRuns
{
    private readonly RepositoryContext context;
    private readonly SortedDictionary<long, string> names = [];
    private readonly Dictionary<long, ArchiveRun> known = [];

    private ArchiveRuns(RepositoryContext context, IReadOnlyList<string> names)
    {
        this.context = context;
        foreach (var name in names)
        {
            this.names[ArchiveBook.NumberOf(name)] = name;
        }

        LastName = names.Count == 0 ? null : names[^1];
    }

    /// <summary>The name of the newest; null for none.</summary>
    public string? LastName { get; }

    /// <summary>The newest; null for none.</summary>
    public ArchiveRun? Last { get; private set; }

    /// <summary>Lists the runs and reads the newest.</summary>
    /// <exception cref="Errors.EdgeBackupException">RepositoryDamaged.</exception>
    public static async Task<ArchiveRuns> LoadAsync(RepositoryContext context, string device, CancellationToken cancellationToken)
    {
        var runs = new ArchiveRuns(context, await context.Archives.ListAsync(device, cancellationToken).ConfigureAwait(false));
        runs.Last = runs.names.Count == 0 ? null : await runs.FindAsync(runs.names.Keys.Max(), cancellationToken).ConfigureAwait(false);
        return runs;
    }

    /// <returns>Null where there is no run of that number.</returns>
    public async Task<ArchiveRun?> FindAsync(long number, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(number, out var run))
        {
            return run;
        }

        return names.TryGetValue(number, out var name) ? known[number] = await context.Archives.ReadAsync(name, cancellationToken).ConfigureAwait(false) : null;
    }

    /// <summary>All runs, oldest first, without what only the next run needs: the places in hundreds of logs, of years of nights.</summary>
    public async IAsyncEnumerable<ArchiveRun> OutlineAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var none = new Dictionary<string, string>();
        var zero = new Dictionary<string, long>();
        foreach (var (number, name) in names)
        {
            var run = known.GetValueOrDefault(number) ?? await context.Archives.ReadAsync(name, cancellationToken).ConfigureAwait(false);
            yield return run with { EventCursor = null, EventMarks = null, TrendCursors = none, TrendSequences = zero, TrendCounts = zero, Absent = [] };
        }
    }

    /// <summary>The runs from a number on, oldest first.</summary>
    public async IAsyncEnumerable<ArchiveRun> FromAsync(long number, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var later in names.Keys.Where(key => key >= number).ToList())
        {
            yield return (await FindAsync(later, cancellationToken).ConfigureAwait(false))!;
        }
    }
}
