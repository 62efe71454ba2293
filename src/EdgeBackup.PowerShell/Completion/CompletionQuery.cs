using System.Collections;
using System.Management.Automation;

namespace EdgeBackup.PowerShell.Completion;

/// <summary>What is known of the command line while an argument is completed.</summary>
/// <param name="Word">What was typed of it.</param>
/// <param name="bound">The other parameters, where PowerShell could tell their values.</param>
internal sealed class CompletionQuery(CompletionWord word, IDictionary bound)
{
    public CompletionWord Word { get; } = word;

    /// <summary>The texts that another parameter was given; empty without any.</summary>
    public IReadOnlyList<string> Given(string parameter) => Unwrap(bound[parameter]) switch
    {
        null => [],
        string text => [text],
        IEnumerable values => [.. values.Cast<object?>().Select(Unwrap).OfType<object>().Select(value => value.ToString()!)],
        var value => [value.ToString()!],
    };

    /// <summary>The absolute path that -Repository means; null where it is not given.</summary>
    public string? FindRepositoryPath()
    {
        if (bound["Repository"] is not { } given)
        {
            return null;
        }

        var path = (string)new Abstractions.RepositoryPathAttribute().Transform(null!, given);
        return Path.IsPathFullyQualified(path) ? path : Resolve(path);
    }

    /// <summary>As the command would; a completer is given no session state, so PowerShell is asked.</summary>
    private static string Resolve(string path)
    {
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript("$ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($args[0])").AddArgument(path);
        return shell.Invoke<string>()[0];
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
