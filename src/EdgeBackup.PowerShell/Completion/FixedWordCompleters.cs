using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>What -HostKeyPolicy may be: no ValidateSet, because an empty cell of a list must pass.</summary>
internal sealed class HostKeyPolicyCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return Enum.GetNames<HostKeyPolicy>().Where(word.Matches).Select(name => new CompletionResult(name, name, CompletionResultType.ParameterValue, name));
    }
}

/// <summary>The categories of events that docs/device-api.md names; a device may have words of its own.</summary>
internal sealed class ArchiveCategoryCompleter : IArgumentCompleter
{
    private static readonly string[] Categories = ["access", "alarm", "setpoint", "system", "user-activity"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return Categories.Where(word.Matches).Select(name => new CompletionResult(name, name, CompletionResultType.ParameterValue, name));
    }
}
