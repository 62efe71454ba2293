using Xunit;

namespace EdgeBackup.Core.Tests;

/// <summary>Waits for what somebody else is about to do, as long as a busy machine may need for it.</summary>
internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task UntilAsync(Func<bool> condition)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!condition() && TimeProvider.System.GetElapsedTime(since) < Patience)
        {
            await Task.Delay(5);
        }

        Assert.True(condition());
    }
}
