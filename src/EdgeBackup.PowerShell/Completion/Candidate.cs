namespace EdgeBackup.PowerShell.Completion;

/// <summary>Something that an argument may be completed to.</summary>
/// <param name="Text">The value itself, unquoted.</param>
/// <param name="ToolTip">What it means, for people; null for nothing more than the value.</param>
/// <param name="Aliases">Other words by which people look for it: a name, a device.</param>
internal sealed record Candidate(string Text, string? ToolTip = null, params string?[] Aliases);
