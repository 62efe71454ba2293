using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>Reads an item of a device again when its bytes turned out not to be whole: it may have been written meanwhile.</summary>
internal sealed class RepeatedReading(TimeProvider clock, IOperationObserver observer)
{
    private const int Attempts = 3;

    /// <summary>A reading that has failed for so long is not begun again: somebody waits for the device's hold to end.</summary>
    private static readonly TimeSpan RepeatWithin = TimeSpan.FromSeconds(30);

    /// <exception cref="EdgeBackupException">What the last attempt threw.</exception>
    public async Task<T> RunAsync<T>(string path, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await read().ConfigureAwait(false);
            }
            catch (EdgeBackupException exception) when (exception.ErrorId == ErrorIds.CaptureFailed && attempt < Attempts
                && clock.GetElapsedTime(started) < RepeatWithin)
            {
                observer.Verbose($"{path}: {exception.Message} Reading it again ({attempt + 1} of {Attempts}).");
                await Task.Delay(TimeSpan.FromMilliseconds(100 * attempt), clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
