namespace EdgeBackup.TestWorker.Deeds;

/// <summary><c>device seed count</c>: backups of the device, one session each; <c>backup device id seed</c> for each that is recorded.</summary>
internal static class BackUp
{
    public static async Task RunAsync(string folder, string[] arguments)
    {
        await using var place = await WorkerRepository.OpenAsync(folder, default);
        var seed = Worker.Number(arguments[1]);
        for (var last = seed + Worker.Number(arguments[2]); seed < last; seed++)
        {
            await using var session = await place.Repository.BeginWriteAsync(default);
            var record = await WorkerContent.BackUpAsync(session, arguments[0], seed, default);
            Worker.Say($"backup {record.Device} {record.Id} {seed}");
        }
    }
}
