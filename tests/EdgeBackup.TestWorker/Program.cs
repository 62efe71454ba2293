using EdgeBackup.TestWorker;

// A process of its own for tests that stop and kill it: <command> <repository folder> [arguments].
// Each line that it prints was true when it was printed.
if (args.Length < 2 || WorkerCommands.Find(args[0]) is not { } command)
{
    Console.Error.WriteLine("usage: EdgeBackup.TestWorker <command> <repository folder> [arguments]");
    return 2;
}

using var stop = new CancellationTokenSource();
try
{
    await command(args[1], args[2..], stop.Token);
    return 0;
}
catch (Exception exception) when (exception is IOException or EdgeBackup.Core.Errors.EdgeBackupException)
{
    Console.WriteLine($"failed {exception.Message}");
    return 1;
}
