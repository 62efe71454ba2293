using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>An item that somebody waits for, or will.</summary>
internal sealed class SshItemRequest(Item item)
{
    private readonly TaskCompletionSource<CapturedItem?> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Item Item { get; } = item;

    /// <summary>Whether it is read without company, because in company something failed.</summary>
    public bool IsAlone { get; set; }

    /// <summary>How many times it could not be proven that nothing changed.</summary>
    public int Unproven { get; set; }

    /// <summary>Whether nobody waits any more.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>The item open for reading, or null when it has vanished.</summary>
    public Task<CapturedItem?> Opened => opened.Task;

    public void Abandon()
    {
        IsAbandoned = true;
        if (opened.Task.IsCompletedSuccessfully && opened.Task.Result is { } captured)
        {
            captured.Stream.Dispose();
        }
    }

    public void Deliver(CapturedItem? captured)
    {
        if (!opened.TrySetResult(captured) || IsAbandoned)
        {
            captured?.Stream.Dispose();
        }
    }

    public void Fail(Exception exception)
    {
        if (opened.TrySetException(exception))
        {
            // Nobody may ever ask: a failed request for what was read ahead is no defect.
            _ = opened.Task.Exception;
        }
    }
}
