using EdgeBackup.Core.Errors;
using EdgeBackup.TestWorker;
using EdgeBackup.TestWorker.Crash;
using EdgeBackup.TestWorker.Deeds;

// A process of its own for tests that stop and kill it: <deed> <folder> [arguments].
// Each line that it prints was true when it was printed.
Deed? deed = args is [var name, _, ..]
    ? name switch
    {
        "backup" => BackUp.RunAsync,
        "expire" => Expire.RunAsync,
        "verify" => Verify.RunAsync,
        "hold" => Hold.RunAsync,
        "crash" => CrashWork.RunAsync,
        "archive" => ArchiveDeed.RunAsync,
        "restore" => RestoreDeeds.OnceAsync,
        _ => null,
    }
    : null;
if (deed is null)
{
    Console.Error.WriteLine("usage: EdgeBackup.TestWorker <deed> <folder> [arguments]");
    return 2;
}

try
{
    await deed(args[1], args[2..]);
    return 0;
}
catch (Exception exception) when (exception is IOException or EdgeBackupException)
{
    Console.Error.WriteLine(exception);
    Worker.Say($"failed {exception.Message}");
    return 1;
}
