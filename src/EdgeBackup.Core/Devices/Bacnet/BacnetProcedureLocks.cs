using System.Net;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// One backup or restore procedure at a time for a device and for all devices behind a router, whose narrow network they
/// share: all of them have the same address on this side. Those that come meanwhile wait. Other processes are kept off by
/// the device itself. Thread-safe.
/// </summary>
public sealed class BacnetProcedureLocks
{
    private readonly Dictionary<IPEndPoint, Turn> turns = [];

    /// <summary>What the connections that share these locks hear by.</summary>
    public BacnetEars Ears { get; } = new();

    /// <summary>Waits for the turn; disposing gives it to the next.</summary>
    public async Task<IAsyncDisposable> EnterAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        Turn? turn;
        lock (turns)
        {
            if (!turns.TryGetValue(endPoint, out turn))
            {
                turns[endPoint] = turn = new Turn();
            }

            turn.Users++;
        }

        try
        {
            await turn.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave(endPoint, turn);
            throw;
        }

        return new Held(this, endPoint, turn);
    }

    private void Leave(IPEndPoint endPoint, Turn turn)
    {
        lock (turns)
        {
            if (--turn.Users == 0)
            {
                turns.Remove(endPoint);
                turn.Gate.Dispose();
            }
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public int Users { get; set; }
    }

    private sealed class Held(BacnetProcedureLocks owner, IPEndPoint endPoint, Turn turn) : IAsyncDisposable
    {
        private bool isOver;

        public ValueTask DisposeAsync()
        {
            if (!isOver)
            {
                isOver = true;
                turn.Gate.Release();
                owner.Leave(endPoint, turn);
            }

            return ValueTask.CompletedTask;
        }
    }
}
