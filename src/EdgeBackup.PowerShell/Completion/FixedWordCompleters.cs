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
