namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// Lets one file be read at a time, the first of the array first: a device serves one at a time, and an old one wants
/// its order. Whoever has the turn keeps it until the file's end or until it gives up; a file whose predecessors nobody
/// has asked for waits a moment for them and goes on without. Thread-safe.
/// </summary>
/// <param name="clock">Measures that moment.</param>
/// <param name="grace">How long it is.</param>
internal sealed class ReadingOrder(TimeProvider clock, TimeSpan grace)
{
    private readonly Lock sync = new();
    private readonly SortedSet<(int Position, long Number)> waiting = [];
    private readonly HashSet<int> done = [];
    private TaskCompletionSource changed = NewSignal();
    private (int Position, long Number)? reading;
    private int first = 1;
    private long numbers;
    private long freeSince = clock.GetTimestamp();

    /// <summary>Waits for the turn.</summary>
    /// <param name="position">From 1 on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Disposing it, once or more often, lets the next one in.</returns>
    public async Task<IDisposable> EnterAsync(int position, CancellationToken cancellationToken)
    {
        (int Position, long Number) self;
        lock (sync)
        {
            self = (position, numbers++);
            waiting.Add(self);
        }

        var since = clock.GetTimestamp();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Task change;
                lock (sync)
                {
                    if (TryEnter(self, since))
                    {
                        return new Turn(this, self);
                    }

                    change = changed.Task;
                }

                try
                {
                    await change.WaitAsync(grace, clock, cancellationToken).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    // Nobody came who would be before this one; it may be the time to go on without them.
                }
            }
        }
        catch
        {
            lock (sync)
            {
                waiting.Remove(self);
                Signal();
            }

            throw;
        }
    }

    private bool TryEnter((int Position, long Number) self, long since)
    {
        if (reading is not null || waiting.Min != self)
        {
            return false;
        }

        while (done.Remove(first))
        {
            first++;
        }

        if (self.Position > first && (clock.GetElapsedTime(since) < grace || clock.GetElapsedTime(freeSince) < grace))
        {
            return false;
        }

        first = Math.Max(first, self.Position);
        waiting.Remove(self);
        reading = self;
        Signal();
        return true;
    }

    private void Leave((int Position, long Number) self)
    {
        lock (sync)
        {
            if (reading == self)
            {
                reading = null;
                done.Add(self.Position);
                freeSince = clock.GetTimestamp();
                Signal();
            }
        }
    }

    private void Signal()
    {
        changed.TrySetResult();
        changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Turn(ReadingOrder order, (int Position, long Number) self) : IDisposable
    {
        public void Dispose() => order.Leave(self);
    }
}
