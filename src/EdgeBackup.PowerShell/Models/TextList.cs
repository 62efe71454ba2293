using System.Collections.ObjectModel;

namespace EdgeBackup;

/// <summary>
/// Words in a list that Export-Csv writes into one cell, with a semicolon between them, and that come back from there.
/// Everything else about it is a list.
/// </summary>
public sealed class TextList : ReadOnlyCollection<string>
{
    /// <summary>Stands between two words; none can hold it.</summary>
    internal const char Separator = ';';

    /// <summary>A list of words as they are.</summary>
    /// <param name="words">In their order.</param>
    public TextList(IEnumerable<string> words)
        : base([.. words])
    {
    }

    /// <summary>No word.</summary>
    public static new TextList Empty { get; } = new([]);

    /// <summary>Reads what a user or a cell gives: each text may hold several words. Blanks around a word, empty ones and repetitions are left out.</summary>
    internal static TextList Split(IEnumerable<string> texts) => new(
        texts.SelectMany(text => text.Split(Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal));

    /// <summary>One cell.</summary>
    public override string ToString() => string.Join(Separator, this);
}
