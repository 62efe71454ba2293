namespace EdgeBackup.Core.Devices.Http;

/// <summary>Cancels when nothing has moved for a while, however long the whole takes.</summary>
internal sealed class SilenceGuard : IDisposable
{
    private readonly CancellationTokenSource silence;
    private readonly CancellationTokenSource linked;
    private readonly TimeSpan limit;

    public SilenceGuard(TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        this.limit = limit;
        silence = new CancellationTokenSource(limit, clock);
        linked = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
    }

    public CancellationToken Token => linked.Token;

    public bool HasExpired => silence.IsCancellationRequested;

    /// <summary>Something moved.</summary>
    public void Touch() => silence.CancelAfter(limit);

    public void Dispose()
    {
        linked.Dispose();
        silence.Dispose();
    }
}
