using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations.Repositories;
using EdgeBackup.Core.Records;

namespace EdgeBackup.Core.Operations.Capture;

/// <summary>
/// What a capture that was given up has left behind on its device. A warning of it may have had no reader any more; what
/// is written down of the attempt has.
/// </summary>
internal sealed class LeftBehind(RepositoryContext context, IOperationObserver observer, string device, BackupKind kind)
{
    private readonly Lock sync = new();
    private string text = "";

    public void Add(string line)
    {
        lock (sync)
        {
            text += " " + line;
        }
    }

    /// <summary>The error of the attempt, with what was left behind.</summary>
    public Exception AddTo(Exception exception) => Text.Length == 0 ? exception
        : exception is EdgeBackupException known ? new EdgeBackupException(known.ErrorId, known.Message + Text, known.Target, known)
        : new EdgeBackupException(ErrorIds.CaptureFailed, $"The capture of '{device}' failed: {exception.Message}{Text}", device, exception);

    /// <summary>Notes an attempt that was stopped, where it has left something behind: nobody else writes of that one.</summary>
    public Task NoteAsync() => Text.Length == 0 ? Task.CompletedTask : context.NoteAsync(
        observer, EdgeEventCategory.Backup, "Interrupted", $"The capture of '{device}' was stopped and discarded.{Text}", device, errorId: ErrorIds.CaptureFailed, kind: kind);

    private string Text
    {
        get
        {
            lock (sync)
            {
                return text;
            }
        }
    }
}
