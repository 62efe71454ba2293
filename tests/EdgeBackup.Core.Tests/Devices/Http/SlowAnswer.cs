using EdgeBackup.Core.Tests.Repository;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>An answer that takes longer than the silence limit, and no pause of it does; by a clock that moves only for it.</summary>
internal static class SlowAnswer
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static SimulatedFault Of(string path, StillClock clock) => new()
    {
        Kind = FaultKind.Slow,
        Path = path,
        Pause = async () =>
        {
            // Whoever waits has heard the piece before, and gives the next one the whole limit.
            await clock.WaitForTimerAsync(Limit, Limit);
            clock.Advance(Limit * 0.7);
        },
    };
}
