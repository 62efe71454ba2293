using EdgeBackup.Simulator.Commands;

// One class a verb; the first argument chooses.
switch (args.FirstOrDefault())
{
    case "serve":
        return await ServeCommand.RunAsync(args[1..]);
    case "demo":
        return await DemoCommand.RunAsync(args[1..]);
    default:
        await Console.Error.WriteLineAsync($"{ServeCommand.Usage}, or: demo");
        return 2;
}
