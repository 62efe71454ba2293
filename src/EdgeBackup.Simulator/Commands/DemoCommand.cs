using EdgeBackup.Simulator.Demo;

namespace EdgeBackup.Simulator.Commands;

/// <summary><c>demo</c>: the main job against simulated devices, in a temporary folder that is gone afterwards.</summary>
internal static class DemoCommand
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Length > 0)
        {
            await Console.Error.WriteLineAsync($"'{arguments[0]}' is not understood. Use: demo");
            return 2;
        }

        using var cancel = new CancellationTokenSource();
        ConsoleCancelEventHandler onCancel = (_, key) =>
        {
            // The first Ctrl+C tidies up; the second one ends the process.
            key.Cancel = !cancel.IsCancellationRequested;
            cancel.Cancel();
        };
        Console.CancelKeyPress += onCancel;
        try
        {
            await using var world = await DemoWorld.CreateAsync(cancel.Token);
            await new DemoStory(world, new DemoReport(Console.Out)).RunAsync(cancel.Token);
            return 0;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("The demo was stopped.");
            return 1;
        }
        catch (DemoFailedException exception)
        {
            await Console.Error.WriteLineAsync($"The demo failed: {exception.Message}");
            return 1;
        }
        catch (Core.Errors.EdgeBackupException exception)
        {
            await Console.Error.WriteLineAsync($"The demo failed: {exception.ErrorId}: {exception.Message}");
            return 1;
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
        }
    }
}
