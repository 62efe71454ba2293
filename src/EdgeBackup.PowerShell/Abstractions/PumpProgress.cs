using System.Collections.Concurrent;
using System.Diagnostics;
using System.Management.Automation;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>Latest-wins progress: set from any thread, shown by the pipeline's thread, a few times a second.</summary>
internal sealed class PumpProgress(Cmdlet cmdlet)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<int, ProgressUpdate> latest = new();
    private readonly Dictionary<int, string> shown = [];
    private long lastShown;

    public void Set(ProgressUpdate update) => latest[update.Id] = update;

    /// <summary>Shows what has changed since the last time, if that was long enough ago.</summary>
    public void Show()
    {
        if (latest.IsEmpty || (lastShown != 0 && Stopwatch.GetElapsedTime(lastShown) < Interval))
        {
            return;
        }

        lastShown = Stopwatch.GetTimestamp();
        foreach (var id in latest.Keys)
        {
            if (latest.TryRemove(id, out var update))
            {
                if (update.IsDone)
                {
                    if (shown.Remove(id, out var activity))
                    {
                        Take(id, activity);
                    }

                    continue;
                }

                shown[id] = update.Activity;
                cmdlet.WriteProgress(new ProgressRecord(id, Text(update.Activity), Text(update.Status))
                {
                    PercentComplete = Math.Clamp(update.Percent, -1, 100),
                    ParentActivityId = id == 0 ? -1 : 0,
                });
            }
        }
    }

    /// <summary>Takes every bar away again.</summary>
    public void Complete()
    {
        foreach (var (id, activity) in shown.OrderByDescending(entry => entry.Key))
        {
            try
            {
                Take(id, activity);
            }
            catch (PipelineStoppedException)
            {
                // A stopped pipeline takes nothing any more, and its host clears the bars itself.
                return;
            }
        }
    }

    private void Take(int id, string activity) =>
        cmdlet.WriteProgress(new ProgressRecord(id, Text(activity), " ") { RecordType = ProgressRecordType.Completed });

    // PowerShell refuses empty texts.
    private static string Text(string text) => string.IsNullOrEmpty(text) ? " " : text;
}
