using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Whoever stops a restore in the middle has touched a device, and somebody may ask about that later.</summary>
public sealed class InterruptedRestoreTests
{
    [Theory]
    [InlineData("sending", true)]
    [InlineData("reading back", true)]
    [InlineData("Safety", false)]
    public async Task A_restore_that_is_stopped_is_noted_once_the_device_may_have_changed(string when, bool isNoted)
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddSimulatedAsync("edge-1");
        var backup = await bench.AutomaticAsync("edge-1");
        using var stop = new CancellationTokenSource();
        var observer = new StoppingObserver(when, stop);
        var restore = new RestoreBackup(bench.Context, observer).RunAsync(new RestoreOptions { Backup = backup.Backup.Id }, stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => restore);

        var noted = await bench.EventsAsync("Interrupted");
        Assert.Equal(isNoted ? [(EdgeEventCategory.Restore, "edge-1", backup.Backup.Id)] : [], noted.Select(happened => (happened.Category, happened.Device, happened.Backup)));
        Assert.All(noted, happened => Assert.Contains("safety backup", happened.Message, StringComparison.Ordinal));
        Assert.Empty(await bench.EventsAsync("Restored"));
    }

    /// <summary>Ctrl+C when the work has come so far.</summary>
    private sealed class StoppingObserver(string when, CancellationTokenSource stop) : IOperationObserver
    {
        public void Verbose(string message) => StopAt(message);

        public void Warning(string message) => StopAt(message);

        public void Progress(OperationProgress progress) => StopAt($"{progress.Activity} {progress.Status}");

        private void StopAt(string text)
        {
            if (text.Contains(when, StringComparison.OrdinalIgnoreCase))
            {
                stop.Cancel();
            }
        }
    }
}
