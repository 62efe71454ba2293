using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>The item rules of a type, ready for use: the first whose path fits an item holds for it.</summary>
public sealed class ItemRuleSet
{
    private readonly (PathPattern Pattern, ItemRule Rule)[] rules;

    public ItemRuleSet(IReadOnlyList<ItemRule> rules)
    {
        this.rules = [.. rules.Select(rule => (new PathPattern(rule.Path), rule))];
    }

    /// <summary>Whether the rules leave everything as the device says it.</summary>
    public bool IsEmpty => rules.Length == 0;

    /// <returns>The rule for a path; null where none fits.</returns>
    public ItemRule? Find(string path)
    {
        foreach (var (pattern, rule) in rules)
        {
            if (pattern.IsMatch(path))
            {
                return rule;
            }
        }

        return null;
    }

    /// <summary>An item as the rules want it.</summary>
    /// <param name="item">As the device lists it. An identity item stays one, whatever the rules say (R8).</param>
    /// <returns>
    /// Null for an item that is excluded. A folder that holds items which are not excluded is kept for its mode and times.
    /// </returns>
    public Item? Apply(Item item)
    {
        if (IsEmpty || Find(item.Path) is not { } rule)
        {
            return item;
        }

        if (rule.Exclude)
        {
            return item.IsContainer && !ExcludesTree(item.Path) ? item : null;
        }

        return item with
        {
            Kind = item.Kind == ItemKind.Identity ? ItemKind.Identity : rule.Kind ?? item.Kind,
            Retain = rule.Retain ?? item.Retain,
        };
    }

    /// <summary>
    /// Whether a restore that replaces leaves alone what stands here and is not sent: the type says that it is no
    /// configuration, or none that a backup could bring back.
    /// </summary>
    public bool IsKept(string path) =>
        Find(path) is { } rule && (rule.Exclude || rule.Retain == RetainLevel.None || rule.Kind is ItemKind.History or ItemKind.Identity);

    /// <summary>Whether everything in a folder is excluded for certain, so that nobody needs to look into it.</summary>
    public bool ExcludesTree(string folder)
    {
        foreach (var (pattern, rule) in rules)
        {
            if (rule.Exclude && pattern.IsTree && pattern.IsMatch(folder))
            {
                return true;
            }

            if (!rule.Exclude && pattern.CanMatchBelow(folder))
            {
                return false;
            }
        }

        return false;
    }
}
