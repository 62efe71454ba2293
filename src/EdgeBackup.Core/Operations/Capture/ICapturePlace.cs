namespace EdgeBackup.Core.Operations.Capture;

/// <summary>A place among the devices that are read at once.</summary>
internal interface ICapturePlace
{
    /// <summary>Waits until the device may be read; once it has answered, so that one which is silent takes nobody's place.</summary>
    Task EnterAsync(CancellationToken cancellationToken);

    /// <summary>Lets the next one in. May be called again, and before <see cref="EnterAsync"/>.</summary>
    void Leave();
}

/// <summary>A place that was taken before the device was called.</summary>
/// <param name="places">Released once, however often it is left.</param>
internal sealed class HeldPlace(SemaphoreSlim places) : ICapturePlace
{
    private SemaphoreSlim? held = places;

    public Task EnterAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Leave() => Interlocked.Exchange(ref held, null)?.Release();
}
