using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Real connections that let a test act at a chosen moment of a conversation.</summary>
internal sealed class CuedConnections(IConnectionFactory inner) : IConnectionFactory
{
    private int closed;

    /// <summary>Called when the first item of a restore was sent.</summary>
    public Action Staged { get; init; } = () => { };

    /// <summary>Called when a restore was committed.</summary>
    public Action Committed { get; init; } = () => { };

    /// <summary>Called before a device is asked how it is, with its id.</summary>
    public Func<string?, Task> Asking { get; init; } = _ => Task.CompletedTask;

    /// <summary>Called when a connection was let go of, with its number in the order of letting go.</summary>
    public Func<int, Task> Closed { get; init; } = _ => Task.CompletedTask;

    public IDeviceConnection Connect(ConnectionOptions options) => new Connection(inner.Connect(options), this, options.Id);

    private sealed class Connection(IDeviceConnection inner, CuedConnections owner, string? id) : IDeviceConnection
    {
        public async Task<DeviceStatus> GetStatusAsync(CancellationToken cancellationToken)
        {
            await owner.Asking(id);
            return await inner.GetStatusAsync(cancellationToken);
        }

        public Task<IDeviceHold?> TakeHoldAsync(TimeSpan duration, CancellationToken cancellationToken) => inner.TakeHoldAsync(duration, cancellationToken);

        public Task<ICapture> BeginCaptureAsync(BackupContent content, CancellationToken cancellationToken) => inner.BeginCaptureAsync(content, cancellationToken);

        public async Task<IRestoreSession> BeginRestoreAsync(RestorePlan plan, IRestoreJournal journal, CancellationToken cancellationToken) =>
            new Session(await inner.BeginRestoreAsync(plan, journal, cancellationToken), owner);

        public Task StopTransactionAsync(string chargePoint, int connector, CancellationToken cancellationToken) => inner.StopTransactionAsync(chargePoint, connector, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await owner.Closed(Interlocked.Increment(ref owner.closed));
        }
    }

    private sealed class Session(IRestoreSession inner, CuedConnections owner) : IRestoreSession
    {
        private bool staged;

        public async Task WriteAsync(SavedItem item, Stream content, CancellationToken cancellationToken)
        {
            await inner.WriteAsync(item, content, cancellationToken);
            if (!staged)
            {
                staged = true;
                owner.Staged();
            }
        }

        public async Task<RestoreCommitOutcome> CommitAsync(CancellationToken cancellationToken)
        {
            var outcome = await inner.CommitAsync(cancellationToken);
            owner.Committed();
            return outcome;
        }

        public Task AbortAsync(CancellationToken cancellationToken) => inner.AbortAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
