using System.Globalization;
using EdgeBackup.Core.Archives.Reading;
using EdgeBackup.Core.Operations.Archives;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>What is shown of archives.</summary>
internal static class ArchiveOutput
{
    public static ArchiveInfo ToOutput(this ArchiveFolder archive, bool? isOwnKey)
    {
        var manifest = archive.Manifest;
        var (events, trends) = (Core.Archives.ArchiveContent.Event, Core.Archives.ArchiveContent.Trend);
        return new ArchiveInfo
        {
            Path = archive.Path,
            Device = manifest.Device,
            DeviceName = manifest.DeviceName,
            Number = manifest.Number,
            Kind = manifest.Kind.ToOutput(),
            Created = LocalTime.From(manifest.Created),
            From = LocalTime.From(manifest.From),
            To = LocalTime.From(manifest.To),
            Format = manifest.FileFormat.ToOutput(),
            Events = manifest.Files.Where(file => file.Content == events).Sum(file => file.Records),
            TrendRecords = manifest.Files.Where(file => file.Content == trends).Sum(file => file.Records),
            LeftOut = manifest.Files.Sum(file => file.LeftOut),
            Length = archive.Length,
            Gap = [.. manifest.Gaps.Select(ToOutput)],
            File = [.. manifest.Files.Select(ToOutput)],
            Author = manifest.Author,
            Previous = manifest.Previous?.Folder,
            Fingerprint = archive.Fingerprint,
            SignatureValid = archive.SignatureFault is null,
            OwnKey = isOwnKey,
        };
    }

    public static ArchiveTest ToOutput(this ArchiveTestOutcome outcome) => new()
    {
        Path = outcome.Path,
        Device = outcome.Archive?.Manifest.Device,
        Number = outcome.Archive?.Manifest.Number,
        Intact = outcome.Damage.Count == 0,
        Damage = [.. outcome.Damage.Select(damage => new ItemReason { Path = damage.Path ?? "", Reason = damage.Reason })],
        Fingerprint = outcome.Archive?.Fingerprint,
        OwnKey = outcome.IsOwnKey,
    };

    public static object ToOutput(this Core.Archives.ArchiveRecord record, string archive) => record switch
    {
        Core.Archives.ArchivedEvent found => new ArchiveEvent
        {
            Time = found.Time.ToLocalTime(),
            TimeUtc = ToText(found.Time),
            Archive = archive,
            Device = found.Device,
            EventId = found.Id,
            Category = found.Category,
            Source = found.Source,
            User = found.User,
            Message = found.Message,
            Old = found.Old,
            New = found.New,
        },
        Core.Archives.ArchivedTrendRecord found => new ArchiveTrendRecord
        {
            Time = found.Time.ToLocalTime(),
            TimeUtc = ToText(found.Time),
            Archive = archive,
            Device = found.Device,
            Trend = found.Trend,
            Sequence = found.Sequence,
            Value = double.TryParse(found.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : found.Value,
            ValueText = found.Value,
            Status = found.Status,
        },
        _ => throw new ArgumentOutOfRangeException(nameof(record)),
    };

    private static string ToText(DateTime time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static ArchiveFile ToOutput(Core.Archives.ArchiveFile file) => new()
    {
        Path = file.Path,
        Content = file.Content.ToOutput(),
        Trend = file.Trend,
        Name = file.Name,
        Unit = file.Unit,
        Records = file.Records,
        LeftOut = file.LeftOut,
        From = LocalTime.From(file.From),
        To = LocalTime.From(file.To),
        Length = file.Length,
        Sha256 = file.Sha256,
    };

    private static ArchiveGap ToOutput(Core.Archives.ArchiveGap gap) => new()
    {
        Content = gap.Content.ToOutput(),
        Trend = gap.Trend,
        Lost = gap.Lost,
        After = LocalTime.From(gap.After),
        Before = LocalTime.From(gap.Before),
        Pending = gap.Pending == true,
        Reason = gap.Reason,
    };
}
