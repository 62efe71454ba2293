namespace EdgeBackup.HelpBuilder;

/// <summary>A cmdlet as it was compiled.</summary>
internal sealed record Cmdlet(string Verb, string Noun, IReadOnlyList<CmdletParameter> Parameters, IReadOnlyList<string> Outputs)
{
    public string Name => $"{Verb}-{Noun}";

    /// <summary>The parameter sets by name; a cmdlet without any has one without a name.</summary>
    public IReadOnlyList<string> Sets
    {
        get
        {
            var named = Parameters.SelectMany(parameter => parameter.Uses).Select(use => use.Set).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
            return named.Count == 0 ? [""] : named;
        }
    }
}

/// <summary>A parameter and how each set uses it.</summary>
internal sealed record CmdletParameter(string Name, string TypeName, bool IsArray, bool IsSwitch, bool Globbing, IReadOnlyList<string> Aliases, IReadOnlyList<string> Values, IReadOnlyList<ParameterUse> Uses)
{
    /// <summary>How a set uses it; null when it does not.</summary>
    public ParameterUse? In(string set) => Uses.FirstOrDefault(use => use.Set is null || use.Set == set);
}

/// <param name="Set">Null: all sets.</param>
/// <param name="Position">Null: by name only.</param>
internal sealed record ParameterUse(string? Set, bool Mandatory, int? Position, bool ByValue, bool ByPropertyName);
