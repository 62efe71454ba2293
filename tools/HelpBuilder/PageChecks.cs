namespace EdgeBackup.HelpBuilder;

/// <summary>What the build demands of the pages, so that the help is never behind the cmdlets.</summary>
internal static class PageChecks
{
    private const int MinimumExamples = 3;

    // Everybody's, and the same everywhere.
    private static readonly string[] NeedNoText = ["Confirm", "WhatIf"];

    public static IEnumerable<(string File, string Message)> Find(IReadOnlyList<Cmdlet> cmdlets, IReadOnlyList<HelpPage> pages, string folder)
    {
        foreach (var cmdlet in cmdlets)
        {
            var file = Path.Combine(folder, cmdlet.Name + ".md");
            var page = pages.FirstOrDefault(page => Path.GetFileNameWithoutExtension(page.File) == cmdlet.Name);
            if (page is null)
            {
                yield return (file, $"{cmdlet.Name} has no page. docs/contributing.md says how one is written.");
                continue;
            }

            foreach (var message in FindIn(cmdlet, page))
            {
                yield return (file, message);
            }
        }

        foreach (var page in pages)
        {
            if (!cmdlets.Any(cmdlet => cmdlet.Name == Path.GetFileNameWithoutExtension(page.File)))
            {
                yield return (page.File, "There is no cmdlet of this name.");
            }

            foreach (var link in page.Related.Where(link => link.Target.Length == 0 || (!link.Target.Contains("://", StringComparison.Ordinal) && !File.Exists(Path.Combine(folder, link.Target)))))
            {
                yield return (page.File, $"The link '{link.Text}' leads to '{link.Target}', which does not exist.");
            }
        }
    }

    private static IEnumerable<string> FindIn(Cmdlet cmdlet, HelpPage page)
    {
        if (page.Name != cmdlet.Name)
        {
            yield return $"The page's title is '{page.Name}', not '{cmdlet.Name}'.";
        }

        if (page.Synopsis.Length == 0)
        {
            yield return "There is no synopsis: one paragraph under the title.";
        }

        if (page.Description.Count == 0)
        {
            yield return "There is no Description.";
        }

        if (page.Outputs.Count == 0 && cmdlet.Outputs.Count > 0)
        {
            yield return "Outputs does not say what comes out.";
        }

        if (page.Examples.Count < MinimumExamples)
        {
            yield return $"There are {page.Examples.Count} examples; {MinimumExamples} are needed.";
        }

        foreach (var example in page.Examples)
        {
            if (example.Title.Length == 0)
            {
                yield return "An example has no title.";
            }

            if (!example.Code.Contains(cmdlet.Name, StringComparison.Ordinal))
            {
                yield return $"The example '{example.Title}' does not use {cmdlet.Name} in its first block of code.";
            }
        }

        foreach (var parameter in cmdlet.Parameters.Where(parameter => !NeedNoText.Contains(parameter.Name)))
        {
            if (!page.Parameters.TryGetValue(parameter.Name, out var text) || text.Count == 0)
            {
                yield return $"The parameter -{parameter.Name} is not described.";
            }
        }

        foreach (var name in page.Parameters.Keys.Where(name => cmdlet.Parameters.All(parameter => parameter.Name != name)))
        {
            yield return $"{cmdlet.Name} has no parameter -{name}.";
        }

        foreach (var stranger in page.Strangers)
        {
            yield return $"The heading '{stranger}' is not in the template.";
        }
    }
}
