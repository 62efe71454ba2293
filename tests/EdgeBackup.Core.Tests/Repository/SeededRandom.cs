using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Tests.Repository;

/// <summary>The same keys each time, where a test speaks of the places at which contents are cut. For one repository that is opened once.</summary>
internal sealed class SeededRandom(int seed) : IRandomSource
{
    private readonly Random random = new(seed);

    public void Fill(Span<byte> buffer)
    {
        lock (random)
        {
            random.NextBytes(buffer);
        }
    }
}
