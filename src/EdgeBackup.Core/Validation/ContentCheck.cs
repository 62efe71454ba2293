namespace EdgeBackup.Core.Validation;

/// <summary>
/// Looks at the bytes of one item as they pass, in order and once, and says at the end whether the content is whole. It
/// errs on the side of silence: what is not plainly cut is let pass.
/// </summary>
internal abstract class ContentCheck : IDisposable
{
    /// <summary>Takes the next bytes.</summary>
    public abstract ValueTask AddAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Says what is wrong.</summary>
    /// <param name="length">How many bytes passed.</param>
    /// <returns>The rest of a sentence that begins with the item's path; null for a content that may be whole.</returns>
    public abstract ValueTask<string?> FinishAsync(long length);

    public virtual void Dispose()
    {
    }
}

/// <summary>A check that needs no waiting.</summary>
internal abstract class SteadyCheck : ContentCheck
{
    public sealed override ValueTask AddAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Add(bytes.Span);
        return ValueTask.CompletedTask;
    }

    public sealed override ValueTask<string?> FinishAsync(long length) => ValueTask.FromResult(Finish(length));

    protected abstract void Add(ReadOnlySpan<byte> bytes);

    protected abstract string? Finish(long length);
}
