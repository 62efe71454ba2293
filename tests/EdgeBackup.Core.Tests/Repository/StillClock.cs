namespace EdgeBackup.Core.Tests.Repository;

/// <summary>
/// The system's clock, whose timers run only when a test advances it: nothing happens because the machine was slow, and
/// what has to wait can be seen to wait.
/// </summary>
internal sealed class StillClock : TimeProvider
{
    private readonly Lock sync = new();
    private readonly List<StillTimer> timers = [];
    private TimeSpan passed;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Passed;

    public override long GetTimestamp() => base.GetTimestamp() + (long)(Passed.TotalSeconds * TimestampFrequency);

    private TimeSpan Passed
    {
        get
        {
            lock (sync)
            {
                return passed;
            }
        }
    }

    /// <summary>Lets time pass, and runs what is due then.</summary>
    public void Advance(TimeSpan time)
    {
        List<StillTimer> due;
        lock (sync)
        {
            passed += time;
            due = timers.FindAll(timer => timer.Due <= passed);
            timers.RemoveAll(due.Contains);
        }

        due.ForEach(timer => timer.Run());
    }

    /// <summary>Waits until somebody waits for a time in this range, from now on.</summary>
    public Task WaitForTimerAsync(TimeSpan shortest, TimeSpan longest) => Wait.UntilAsync(() => HasTimer(shortest, longest));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new StillTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private bool HasTimer(TimeSpan shortest, TimeSpan longest)
    {
        lock (sync)
        {
            return timers.Exists(timer => timer.Due - passed >= shortest && timer.Due - passed <= longest);
        }
    }

    private void Set(StillTimer timer, TimeSpan dueTime)
    {
        lock (sync)
        {
            timers.Remove(timer);
            if (dueTime > TimeSpan.Zero)
            {
                timer.Due = passed + dueTime;
                timers.Add(timer);
            }
        }

        if (dueTime == TimeSpan.Zero)
        {
            timer.Run();
        }
    }

    /// <summary>A timer that runs once; nobody here asks for more.</summary>
    private sealed class StillTimer(StillClock clock, TimerCallback callback, object? state) : ITimer
    {
        public TimeSpan Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Set(this, dueTime);
            return true;
        }

        public void Run() => ThreadPool.QueueUserWorkItem(_ => callback(state));

        public void Dispose() => clock.Set(this, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
