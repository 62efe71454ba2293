namespace EdgeBackup.TestWorker.Deeds;

/// <summary><c>read</c> or <c>write</c>: holds a lease until a line comes in; <c>held</c> when it has it.</summary>
internal static class Hold
{
    public static async Task RunAsync(string folder, string[] arguments)
    {
        await using var place = await WorkerRepository.OpenAsync(folder, default);
        var lease = arguments[0] == "read" ? await place.Repository.BeginReadAsync(default) : await place.Repository.BeginWriteAsync(default);
        await using (lease)
        {
            Worker.Say("held");
            await Console.In.ReadLineAsync();
        }
    }
}
