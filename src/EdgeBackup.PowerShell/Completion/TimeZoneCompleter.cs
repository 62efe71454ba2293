using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using EdgeBackup.Core.Schedule;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>Ids of time zones; what was typed may stand anywhere in them, since people know the city and not the continent.</summary>
internal sealed class TimeZoneCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord("*" + wordToComplete.Trim('\'', '"'));
        return TimeZones.All.Where(word.Matches).Order(StringComparer.Ordinal).Select(id =>
            new CompletionResult(CompletionWord.Quote(id, takesWildcards: false), id, CompletionResultType.ParameterValue, id));
    }
}
