using System.Threading.Channels;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;

namespace EdgeBackup.Core.Operations.Inventory;

/// <summary>
/// Takes many rows of an inventory at once: devices are asked side by side, what they tell is written one after another.
/// The order of the rows does not matter: one whose parent is not there yet waits for the rows that may bring it.
/// </summary>
/// <typeparam name="TRow">What a row asks for.</typeparam>
/// <typeparam name="TPrepared">What is known of a row once its device was asked.</typeparam>
/// <param name="context">The repository.</param>
/// <param name="prepare">Asks; called for several rows at once.</param>
/// <param name="write">Writes and gives the device's id; called for one row at a time.</param>
/// <param name="onDone">Told of each row, one at a time, as they are done: the id, or what went wrong.</param>
public sealed class InventoryRun<TRow, TPrepared>(
    RepositoryContext context,
    Func<TRow, CancellationToken, Task<TPrepared>> prepare,
    Func<TPrepared, CancellationToken, Task<string>> write,
    Func<TRow, string?, Exception?, Task> onDone)
{
    private readonly List<(TRow Row, TPrepared Prepared)> waiting = [];

    /// <summary>Takes all rows. One row's failure is its own (R16).</summary>
    /// <param name="rows">In any order.</param>
    /// <param name="throttleLimit">Devices that are asked at once.</param>
    /// <param name="cancellationToken">Stops; rows that are written stay.</param>
    /// <exception cref="EdgeBackupException">The repository cannot be used: no further row can fare better.</exception>
    public async Task RunAsync(IReadOnlyCollection<TRow> rows, int throttleLimit, CancellationToken cancellationToken)
    {
        await context.Repository.FollowRecordsAsync(cancellationToken).ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answers = Channel.CreateUnbounded<(TRow Row, TPrepared? Prepared, Exception? Error)>(new UnboundedChannelOptions { SingleReader = true });
        var asking = AskAsync(rows, throttleLimit, answers.Writer, stop.Token);
        try
        {
            await foreach (var (row, prepared, error) in answers.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                if (error is not null)
                {
                    await onDone(row, null, error).ConfigureAwait(false);
                }
                else if (await TryWriteAsync(row, prepared!, cancellationToken).ConfigureAwait(false) is not null)
                {
                    waiting.Add((row, prepared!));
                }
            }

            await WriteWaitingAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Whatever ended this, nobody is asked any more when it returns.
            await stop.CancelAsync().ConfigureAwait(false);
            await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await asking.ConfigureAwait(false);
    }

    private async Task AskAsync(IReadOnlyCollection<TRow> rows, int throttleLimit, ChannelWriter<(TRow, TPrepared?, Exception?)> answers, CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = throttleLimit, CancellationToken = cancellationToken };
        Exception? broken = null;
        try
        {
            await Parallel.ForEachAsync(rows, options, async (row, token) =>
            {
                try
                {
                    answers.TryWrite((row, await prepare(row, token).ConfigureAwait(false), null));
                }
                catch (Exception exception) when (IsOfRow(exception))
                {
                    answers.TryWrite((row, default, exception));
                }
            }).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            broken = exception;
            throw;
        }
        finally
        {
            answers.Complete(broken);
        }
    }

    /// <returns>What keeps the row waiting; null when it is done, well or not.</returns>
    private async Task<Exception?> TryWriteAsync(TRow row, TPrepared prepared, CancellationToken cancellationToken)
    {
        string id;
        try
        {
            id = await write(prepared, cancellationToken).ConfigureAwait(false);
        }
        catch (EdgeBackupException exception) when (exception.ErrorId is ErrorIds.DeviceNotFound or ErrorIds.DeviceRegistrationMismatch)
        {
            // The parent: it is not there, or not yet; it stands below, or still does.
            return exception;
        }
        catch (Exception exception) when (IsOfRow(exception))
        {
            await onDone(row, null, exception).ConfigureAwait(false);
            return null;
        }

        await onDone(row, id, null).ConfigureAwait(false);
        return null;
    }

    private async Task WriteWaitingAsync(CancellationToken cancellationToken)
    {
        var errors = new Dictionary<int, Exception>();
        for (var before = int.MaxValue; waiting.Count > 0 && waiting.Count < before;)
        {
            before = waiting.Count;
            errors.Clear();
            var rows = waiting.ToList();
            waiting.Clear();
            foreach (var (row, prepared) in rows)
            {
                if (await TryWriteAsync(row, prepared, cancellationToken).ConfigureAwait(false) is { } error)
                {
                    errors[waiting.Count] = error;
                    waiting.Add((row, prepared));
                }
            }
        }

        for (var index = 0; index < waiting.Count; index++)
        {
            await onDone(waiting[index].Row, null, errors[index]).ConfigureAwait(false);
        }
    }

    private static bool IsOfRow(Exception exception) =>
        exception is not OperationCanceledException
        && !(exception is EdgeBackupException { ErrorId: var id } && id.StartsWith("Repository", StringComparison.Ordinal));
}
