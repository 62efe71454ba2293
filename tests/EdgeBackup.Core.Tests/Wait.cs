using Xunit;

namespace EdgeBackup.Core.Tests;

/// <summary>Waits for what somebody else is about to do, as long as a busy machine may need for it.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="condition">Asked until it holds, and then no more: it may hold for a moment only.</param>
    public static async Task UntilAsync(Func<bool> condition)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, "It has not come about.");
            await Task.Delay(5);
        }
    }
}
