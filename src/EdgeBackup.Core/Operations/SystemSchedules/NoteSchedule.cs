using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using EdgeBackup.Core.Repository.Stores;

namespace EdgeBackup.Core.Operations.SystemSchedules;

/// <summary>Notes among the events of a schedule's repository that the schedule was registered or removed.</summary>
public sealed class NoteSchedule(RepositoryLocations locations, RepositoryEnvironment environment, string author, Deed deed, IOperationObserver observer)
{
    public Task RegisteredAsync(RegisteredSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return NoteAsync(schedule, "ScheduleRegistered", $"The schedule '{schedule.Name}' was registered in {string.Join(" and ", schedule.Places)}; it runs as {schedule.Account}.");
    }

    public Task RemovedAsync(RegisteredSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return NoteAsync(schedule, "ScheduleRemoved", $"The schedule '{schedule.Name}', which ran as {schedule.Account}, was removed from {string.Join(" and ", schedule.Places)}.");
    }

    /// <summary>It has happened whether or not that can be written down: the repository may be gone, or not be this user's to open.</summary>
    private async Task NoteAsync(RegisteredSchedule schedule, string action, string message)
    {
        if (schedule.Repository is not { } path)
        {
            return;
        }

        if (!OperatingSystem.IsWindows() && schedule.Account != Environment.UserName)
        {
            // A new record is its writer's alone, and the account of the schedule could not read it.
            observer.Warning($"'{action}' of the schedule '{schedule.Name}' is not written to the events: the repository is used by the account '{schedule.Account}', which could not read what '{Environment.UserName}' writes into it.");
            return;
        }

        try
        {
            var store = new FileObjectStore(path, environment.Platform);
            var header = Directory.Exists(path) ? await EdgeRepository.PeekAsync(store, CancellationToken.None).ConfigureAwait(false) : null;
            var keyFile = header is null ? null : OpenRepository.FindKeyFile(locations, header.Id) ?? schedule.KeyFile;
            if (keyFile is null)
            {
                throw new EdgeBackupException(ErrorIds.RepositoryNotFound, header is null ? $"there is no repository at '{path}'." : $"this user has no key file for '{path}'.", path);
            }

            var watched = environment with { Memory = environment.Memory ?? new ChainMemoryFile(locations, environment.Platform) };
            var repository = await EdgeRepository.OpenAsync(store, KeyFile.Read(keyFile, environment.Platform), watched, CancellationToken.None).ConfigureAwait(false);
            await using var closing = repository.ConfigureAwait(false);
            await new EventLog(repository, author).AppendAsync(EdgeEventCategory.Repository, action, message, device: null, CancellationToken.None, deed: deed).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EdgeBackupException or IOException or UnauthorizedAccessException)
        {
            observer.Warning($"'{action}' of the schedule '{schedule.Name}' could not be written to the events: {exception.Message}");
        }
    }
}
