using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>The record of a swap in progress, beside the folder.</summary>
/// <param name="Session">Whose stage is swapped in.</param>
/// <param name="StageFileId">The stage's file id: a root with this id is the new one. Null where there are no ids.</param>
/// <param name="Transactions">The signature of the transactions file when the stage took it over; null where there was none.</param>
internal sealed record FolderSwapJournal(string Session, string? StageFileId, string? Transactions);

/// <summary>
/// Puts a finished stage in the folder's place: by one atomic exchange where the system has it, else by two renames.
/// A journal beside the folder lets the next contact complete or roll back what a crash interrupted, so that the folder
/// holds the old state or the new one and never a mixture.
/// </summary>
internal sealed class FolderSwap(FolderPaths paths, IPlatform platform, Action<string>? onStep = null)
{
    public const string Journaled = nameof(Journaled);
    public const string Exchanged = nameof(Exchanged);
    public const string OldAside = nameof(OldAside);
    public const string NewInPlace = nameof(NewInPlace);
    public const string TransactionsMoved = nameof(TransactionsMoved);
    public const string JournalGone = nameof(JournalGone);

    public static readonly IReadOnlyList<string> Steps = [Journaled, Exchanged, OldAside, NewInPlace, TransactionsMoved, JournalGone];

    /// <summary>The session whose swap was interrupted, or null.</summary>
    /// <exception cref="IOException">The journal cannot be read.</exception>
    public FolderSwapJournal? Interrupted()
    {
        if (paths.Parent is null || !File.Exists(paths.SwapJournal))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<FolderSwapJournal>(File.ReadAllBytes(paths.SwapJournal));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Swaps. Whatever it throws, the folder is whole; <see cref="Recover"/> finishes what can be finished.</summary>
    /// <param name="session">Its stage is complete and durable.</param>
    /// <param name="transactions">See <see cref="FolderSwapJournal"/>.</param>
    public void Run(string session, string? transactions)
    {
        var stage = paths.Stage(session);
        var journal = new FolderSwapJournal(session, platform.Stat(stage)?.FileId, transactions);
        WriteJournal(journal);
        onStep?.Invoke(Journaled);
        string old;
        if (platform.TryExchange(stage, paths.Root))
        {
            old = stage;
            onStep?.Invoke(Exchanged);
        }
        else
        {
            old = paths.Old(session);
            Directory.Move(paths.Root, old);
            platform.FlushDirectory(paths.Parent!);
            onStep?.Invoke(OldAside);
            Directory.Move(stage, paths.Root);
            onStep?.Invoke(NewInPlace);
        }

        platform.FlushDirectory(paths.Parent!);
        Finish(journal, old);
    }

    /// <summary>Completes or rolls back an interrupted swap; the caller holds the session's lock.</summary>
    /// <returns>True when the folder holds the new state, false when it holds the old one.</returns>
    /// <exception cref="EdgeBackupException">RestoreFailed: somebody else has put a folder in the way.</exception>
    public bool Recover(FolderSwapJournal journal)
    {
        var stage = paths.Stage(journal.Session);
        var old = paths.Old(journal.Session);
        var root = platform.Stat(paths.Root);
        var isStageThere = Directory.Exists(stage);
        var isOldThere = Directory.Exists(old);
        if (root is not null && journal.StageFileId is not null && root.FileId == journal.StageFileId)
        {
            Finish(journal, isOldThere ? old : stage);
            return true;
        }

        if (root is null && isOldThere)
        {
            Directory.Move(isStageThere ? stage : old, paths.Root);
            platform.FlushDirectory(paths.Parent!);
            if (isStageThere)
            {
                Finish(journal, old);
                return true;
            }
        }
        else if (root is not null && isOldThere)
        {
            if (isStageThere)
            {
                throw new EdgeBackupException(
                    ErrorIds.RestoreFailed,
                    $"A restore of '{paths.Root}' was interrupted, and something has made the folder anew since. Its old state is in '{old}', "
                    + $"the restored one in '{stage}'. Stop the device, move '{paths.Root}' away, then try again.",
                    paths.Root);
            }

            Finish(journal, old);
            return true;
        }

        RemoveJournal();
        return false;
    }

    /// <summary>What tells one state of the transactions file from another, also after a second name or a copy was made of it.</summary>
    public static string? SignatureOf(string folder, IPlatform platform) =>
        platform.Stat(Path.Combine(folder, FolderDevice.TransactionsFile)) is { } entry
            ? string.Create(CultureInfo.InvariantCulture, $"{entry.Length}:{entry.Modified.UtcTicks}")
            : null;

    /// <summary>
    /// The device may have written its transactions into the old tree until the very last moment. What it has written
    /// into the new one since is newer still.
    /// </summary>
    private void Finish(FolderSwapJournal journal, string old)
    {
        if (Directory.Exists(old)
            && SignatureOf(paths.Root, platform) == journal.Transactions
            && SignatureOf(old, platform) is var newest
            && newest != journal.Transactions)
        {
            var target = Path.Combine(paths.Root, FolderDevice.TransactionsFile);
            if (newest is null)
            {
                File.Delete(target);
            }
            else
            {
                File.Move(Path.Combine(old, FolderDevice.TransactionsFile), target, overwrite: true);
            }

            platform.FlushDirectory(paths.Root);
        }

        onStep?.Invoke(TransactionsMoved);
        RemoveJournal();
        onStep?.Invoke(JournalGone);
    }

    private void WriteJournal(FolderSwapJournal journal)
    {
        var part = paths.SwapJournal + ".part";
        using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(stream, journal);
            stream.Flush(flushToDisk: true);
        }

        File.Move(part, paths.SwapJournal, overwrite: true);
        platform.FlushDirectory(paths.Parent!);
    }

    private void RemoveJournal()
    {
        File.Delete(paths.SwapJournal);
        platform.FlushDirectory(paths.Parent!);
    }
}
