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
/// <param name="isKept">It is left only when all is done with the device, so that no two overlap.</param>
internal sealed class HeldPlace(SemaphoreSlim places, bool isKept) : ICapturePlace, IDisposable
{
    private SemaphoreSlim? held = places;

    public Task EnterAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Leave()
    {
        if (!isKept)
        {
            Dispose();
        }
    }

    public void Dispose() => Interlocked.Exchange(ref held, null)?.Release();
}
