using System.Globalization;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Validation;

/// <summary>What a capture is held against.</summary>
/// <param name="Content">What is captured.</param>
/// <param name="SizeFactor">Above 1: so much larger or smaller than in the last good backup is suspect.</param>
/// <param name="Rules">The type's rules for items.</param>
/// <param name="Good">The newest backup that is not suspect; null for none.</param>
internal sealed record ReviewBasis(BackupContent Content, double SizeFactor, IReadOnlyList<ItemRule> Rules, BackupRecord? Good);

/// <summary>
/// Judges a capture as its items pass, by what they hold and by what they were in the last good backup, and says at the
/// end what speaks against it (docs/device-types.md, "When a backup is suspect").
/// </summary>
internal sealed class CaptureReview
{
    /// <summary>So many reasons are kept; one more says how many there are beyond.</summary>
    public const int Limit = 100;

    /// <summary>What had fewer bytes is not judged by its size: a few settings more or less are many times as much.</summary>
    public const long SizeFloor = 1024;

    /// <summary>History comes and goes; but a backup that had a hundred times as much has lost nearly everything.</summary>
    private const int NearlyNothing = 100;

    /// <summary>Files of these names are emptied by the programs that write them.</summary>
    private static readonly string[] Transient = [".log", ".tmp", ".temp", ".lock", ".pid", ".bak", ".old", "~", "-wal", "-shm", "-journal", ".wal"];

    private readonly ReviewBasis basis;
    private readonly List<SuspectReason> reasons = [];
    private readonly ItemRuleSet rules;
    private readonly List<RequiredItem> required;
    private int more;
    private int items;
    private int files;
    private long length;
    private long configuration;
    private long goodConfiguration;
    private long newestConfiguration;

    public CaptureReview(ReviewBasis basis)
    {
        this.basis = basis;
        rules = new ItemRuleSet(basis.Rules);
        required = [.. basis.Rules
            .Where(rule => rule.Required && (basis.Content == BackupContent.All || rule.Kind != ItemKind.History))
            .Select(rule => new RequiredItem(rule.Path, new PathPattern(rule.Path)))];
    }

    /// <summary>Whether the bytes of an item are looked at.</summary>
    public bool IsChecked(string path) => rules.Find(path)?.Unchecked != true;

    /// <summary>Takes a file of the last good backup, captured now or not.</summary>
    public void AddGood(SavedItem good) => goodConfiguration += CheckedConfiguration(good.Item);

    /// <summary>Takes a file of the newest backup, captured now or not.</summary>
    public void AddNewest(SavedItem newest) => newestConfiguration += CheckedConfiguration(newest.Item);

    /// <summary>Takes an item of the capture.</summary>
    /// <param name="saved">The item.</param>
    /// <param name="fault">What its bytes said; null for nothing.</param>
    /// <param name="good">What it was in the last good backup; null where it was not there.</param>
    /// <param name="newest">What it was in the newest backup.</param>
    public void Add(SavedItem saved, SuspectReason? fault, SavedItem? good, SavedItem? newest)
    {
        items += saved.Item.IsContainer ? 0 : 1;
        foreach (var rule in required)
        {
            rule.Meet(saved.Item);
        }

        if (saved.Item.Type != ItemType.File)
        {
            return;
        }

        files++;
        length += saved.Item.Length;
        if (!IsChecked(saved.Item.Path))
        {
            return;
        }

        configuration += IsConfiguration(saved.Item) ? saved.Item.Length : 0;
        if (good is not null && good.Digest == saved.Digest)
        {
            // The bytes of a good backup are good, whatever they look like.
            return;
        }

        if (fault is not null)
        {
            Note(fault);
        }
        else if (IsConfiguration(saved.Item) && good is not null)
        {
            Compare(saved.Item, good.Item.Length, newest?.Item.Length ?? 0);
        }
    }

    /// <summary>Takes what the device says against what it holds; null for nothing.</summary>
    public void AddComplaint(string? complaint)
    {
        if (complaint is not null)
        {
            reasons.Insert(0, new SuspectReason("", SuspectCause.Missing, complaint));
        }
    }

    /// <summary>What speaks against the capture; null for nothing.</summary>
    public IReadOnlyList<SuspectReason>? Finish()
    {
        var whole = new List<SuspectReason>(JudgeWhole());
        foreach (var rule in required.Where(rule => !rule.HasContent))
        {
            whole.Add(new SuspectReason(rule.Path, rule.IsThere ? SuspectCause.Empty : SuspectCause.Missing, $"the device's type needs it, and it is {(rule.IsThere ? "empty" : "not there")}"));
        }

        if (more > 0)
        {
            reasons.Add(new SuspectReason("", SuspectCause.WrongContent, string.Create(CultureInfo.InvariantCulture, $"there are {more} items more like these")));
        }

        whole.AddRange(reasons);
        return whole.Count == 0 ? null : whole;
    }

    /// <summary>What was found of an item's bytes when they were read for an earlier backup.</summary>
    public static IReadOnlyDictionary<string, SuspectReason> Inherited(BackupRecord? earlier) =>
        (earlier?.Suspect ?? []).Where(reason => reason.Cause is SuspectCause.Cut or SuspectCause.WrongContent && reason.Path.Length > 0)
            .DistinctBy(reason => reason.Path, StringComparer.Ordinal)
            .ToDictionary(reason => reason.Path, StringComparer.Ordinal);

    /// <summary>Whether the list of an earlier backup's reasons is whole, so that unchanged items need not be read again.</summary>
    public static bool KnowsAllOf(BackupRecord? earlier) => earlier?.Suspect is not { } suspect || !suspect.Any(reason => reason.Path.Length == 0 && reason.Cause == SuspectCause.WrongContent);

    private void Compare(Item now, long good, long newest)
    {
        if (now.Length == 0 && good > 0)
        {
            if (!Array.Exists(Transient, end => now.Path.EndsWith(end, StringComparison.OrdinalIgnoreCase)))
            {
                Note(new SuspectReason(now.Path, SuspectCause.Empty, $"it is empty, and had {Bytes(good)} in the last good backup"));
            }
        }
        else if (FindSizeFault(now.Length, good, newest) is { } fault)
        {
            Note(new SuspectReason(now.Path, SuspectCause.Size, fault));
        }
    }

    private IEnumerable<SuspectReason> JudgeWhole()
    {
        if (items == 0 || (files > 0 && length == 0))
        {
            yield return new SuspectReason("", SuspectCause.Empty, items == 0 ? "the device listed no items at all" : "all items are empty");
            yield break;
        }

        if (basis.Good is not { } good)
        {
            yield break;
        }

        if (FindSizeFault(configuration, goodConfiguration, newestConfiguration) is { } fault)
        {
            yield return new SuspectReason("", SuspectCause.Size, $"the configuration as a whole: {fault}");
        }
        else if (good.Content == basis.Content && good.Length >= SizeFloor && length * NearlyNothing < good.Length)
        {
            yield return new SuspectReason("", SuspectCause.Size, $"of {Bytes(good.Length)} in the last good backup {Bytes(length)} are left");
        }
    }

    /// <summary>
    /// What has grown once and stays as large is the new state, and only the first backup of it is suspect. What has
    /// shrunk stays suspect: that is how a device looks that gives nothing but an error.
    /// </summary>
    private string? FindSizeFault(long now, long good, long newest)
    {
        if (good < SizeFloor)
        {
            return null;
        }

        return now * basis.SizeFactor < good || now > Math.Max(good, newest) * basis.SizeFactor
            ? string.Create(CultureInfo.InvariantCulture, $"it has {Bytes(now)}, and had {Bytes(good)} in the last good backup; allowed is a factor of {basis.SizeFactor:0.##}")
            : null;
    }

    private long CheckedConfiguration(Item item) => IsConfiguration(item) && IsChecked(item.Path) ? item.Length : 0;

    private static bool IsConfiguration(Item item) => item.Type == ItemType.File && item.Kind != ItemKind.History;

    private static string Bytes(long count) => count == 1 ? "1 byte" : string.Create(CultureInfo.InvariantCulture, $"{count} bytes");

    private void Note(SuspectReason reason)
    {
        if (reasons.Count < Limit)
        {
            reasons.Add(reason);
        }
        else
        {
            more++;
        }
    }

    /// <summary>A rule that names what must be there.</summary>
    private sealed class RequiredItem(string path, PathPattern pattern)
    {
        public string Path => path;

        public bool IsThere { get; private set; }

        public bool HasContent { get; private set; }

        public void Meet(Item item)
        {
            if (!HasContent && pattern.IsMatch(item.Path))
            {
                IsThere = true;
                HasContent = item.Type == ItemType.SymbolicLink || item.Length > 0;
            }
        }
    }
}
