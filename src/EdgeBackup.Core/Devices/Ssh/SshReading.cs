using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Judges whether what was read of a file is what the file was at one moment.</summary>
internal static class SshReading
{
    /// <summary>Compares the looks before and after.</summary>
    /// <param name="before">The look before the reading.</param>
    /// <param name="read">The bytes that were read.</param>
    /// <param name="after">The look after the reading; null when nothing stood there any more.</param>
    /// <param name="startedAt">The device's clock at the look before.</param>
    /// <param name="hasFineTimes">Whether its times are finer than seconds.</param>
    public static ReadingVerdict Judge(RemoteEntry before, long read, RemoteEntry? after, DateTimeOffset startedAt, bool hasFineTimes)
    {
        if (after is null || after.FileId != before.FileId || after.Type != FileEntryType.File)
        {
            return new ReadingVerdict(ReadingState.Changed, "another file took its place");
        }

        if (after.Length < read || read < before.Length)
        {
            return new ReadingVerdict(ReadingState.Changed, "it became shorter");
        }

        if (after.Length > read)
        {
            // It only grew, as logs do: what was read is its beginning.
            return new ReadingVerdict(ReadingState.Grown, How: null);
        }

        if (read > before.Length || after.ModifiedText != before.ModifiedText)
        {
            return new ReadingVerdict(ReadingState.Changed, "it was written to");
        }

        if (before.Modified is null)
        {
            return new ReadingVerdict(ReadingState.Changed, "the device does not tell when it was written, so that nothing proves the contrary");
        }

        // With times of whole seconds, a second writing within the second of the first leaves no trace.
        return !hasFineTimes && before.Modified == startedAt
            ? new ReadingVerdict(ReadingState.Unproven, "it was written to in the very second in which it was read")
            : new ReadingVerdict(before.IsSameAs(after) ? ReadingState.Unchanged : ReadingState.Touched, How: null);
    }

    /// <summary>The item as it was read.</summary>
    public static Item Describe(Item item, RemoteEntry before, long read, ReadingState state, DateTimeOffset staleBefore) => item with
    {
        Length = read,
        Modified = before.Modified,
        UnixMode = before.UnixMode,
        Stamp = state == ReadingState.Unchanged ? before.StampOf(staleBefore) : null,
    };

    public static EdgeBackupException Changed(SshTarget target, string path, string how) => new(
        ErrorIds.CaptureFailed,
        $"The file '{path}' of '{target.Errors.Device}' changed while it was read: {how}. Try again when nothing writes to it.",
        path);

    public static EdgeBackupException Unreadable(SshTarget target, string path, string words, Exception? inner = null) => new(
        ErrorIds.CaptureFailed,
        $"The file '{path}' of '{target.Errors.Device}' cannot be read{SshErrors.Detail(words)}. Give the user of the address the right to read it, and look at the device's disk, then try again.",
        path,
        inner);
}

internal enum ReadingState
{
    /// <summary>Nothing happened to the file.</summary>
    Unchanged,

    /// <summary>Its bytes are the same; its mode or its names changed.</summary>
    Touched,

    /// <summary>It only grew.</summary>
    Grown,

    /// <summary>Whether it changed cannot be told yet; in the next second it can.</summary>
    Unproven,

    /// <summary>What was read may be of two moments.</summary>
    Changed,
}

/// <param name="State">The judgement.</param>
/// <param name="How">How it changed, a part of a sentence.</param>
internal sealed record ReadingVerdict(ReadingState State, string? How)
{
    public bool IsWhole => State is ReadingState.Unchanged or ReadingState.Touched or ReadingState.Grown;
}
