using System.Xml.Linq;
using Markdig.Syntax;

namespace EdgeBackup.HelpBuilder;

/// <summary>Writes the XML that Get-Help reads (MAML).</summary>
internal static class MamlWriter
{
    private static readonly XNamespace Root = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    private static readonly Dictionary<string, string> StandardTexts = new(StringComparer.Ordinal)
    {
        ["WhatIf"] = "Shows what would happen. Nothing is changed.",
        ["Confirm"] = "Asks before each change.",
    };

    public static void Write(IReadOnlyList<Cmdlet> cmdlets, IReadOnlyList<HelpPage> pages, string path)
    {
        var items = cmdlets.Select(cmdlet => Item(cmdlet, pages.First(page => page.Name == cmdlet.Name)));
        new XDocument(new XElement(Root + "helpItems", new XAttribute("schema", "maml"), items)).Save(path);
    }

    private static XElement Item(Cmdlet cmdlet, HelpPage page) =>
        new(Command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", Maml),
            new XAttribute(XNamespace.Xmlns + "command", Command),
            new XAttribute(XNamespace.Xmlns + "dev", Dev),
            new XElement(Command + "details",
                new XElement(Command + "name", cmdlet.Name),
                new XElement(Command + "verb", cmdlet.Verb),
                new XElement(Command + "noun", cmdlet.Noun),
                new XElement(Maml + "description", Paragraph(page.Synopsis))),
            new XElement(Maml + "description", Paragraphs(page.Description)),
            new XElement(Command + "syntax", cmdlet.Sets.Select(set => Syntax(cmdlet, page, set))),
            new XElement(Command + "parameters",
                cmdlet.Parameters.OrderBy(parameter => parameter.Name, StringComparer.Ordinal).Select(parameter => Parameter(parameter, parameter.Uses[0], page, withDetails: true))),
            new XElement(Command + "inputTypes", Inputs(cmdlet)),
            new XElement(Command + "returnValues", Outputs(cmdlet, page)),
            new XElement(Maml + "alertSet", page.Notes.Count == 0 ? null : new XElement(Maml + "alert", Paragraphs(page.Notes))),
            new XElement(Command + "examples", page.Examples.Select(Example)),
            new XElement(Command + "relatedLinks", page.Related.Select(Link)));

    private static XElement Syntax(Cmdlet cmdlet, HelpPage page, string set) =>
        new(Command + "syntaxItem",
            new XElement(Maml + "name", cmdlet.Name),
            cmdlet.Parameters
                .Select(parameter => (Parameter: parameter, Use: parameter.In(set)))
                .Where(entry => entry.Use is not null)
                .OrderBy(entry => entry.Use!.Position ?? int.MaxValue)
                .ThenBy(entry => !entry.Use!.Mandatory)
                .ThenBy(entry => StandardTexts.ContainsKey(entry.Parameter.Name))
                .ThenBy(entry => entry.Parameter.Name, StringComparer.Ordinal)
                .Select(entry => Parameter(entry.Parameter, entry.Use!, page, withDetails: false)));

    private static XElement Parameter(CmdletParameter parameter, ParameterUse use, HelpPage page, bool withDetails)
    {
        var typeName = parameter.TypeName + (parameter.IsArray ? "[]" : "");
        return new XElement(Command + "parameter",
            new XAttribute("required", use.Mandatory),
            new XAttribute("variableLength", parameter.IsArray),
            new XAttribute("globbing", parameter.Globbing),
            new XAttribute("pipelineInput", Pipeline(use)),
            new XAttribute("position", use.Position?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "named"),
            new XAttribute("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
            new XElement(Maml + "name", parameter.Name),
            new XElement(Maml + "description", ParameterText(parameter, page)),
            withDetails || parameter.Values.Count == 0
                ? null
                : new XElement(Command + "parameterValueGroup", parameter.Values.Select(value =>
                    new XElement(Command + "parameterValue", new XAttribute("required", false), new XAttribute("variableLength", false), value))),
            parameter.IsSwitch && !withDetails
                ? null
                : new XElement(Command + "parameterValue", new XAttribute("required", !parameter.IsSwitch), new XAttribute("variableLength", parameter.IsArray), typeName),
            new XElement(Dev + "type", new XElement(Maml + "name", typeName), new XElement(Maml + "uri")),
            new XElement(Dev + "defaultValue", parameter.IsSwitch ? "False" : "None"));
    }

    private static string Pipeline(ParameterUse use) => (use.ByValue, use.ByPropertyName) switch
    {
        (true, true) => "True (ByValue, ByPropertyName)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };

    private static IEnumerable<XElement> ParameterText(CmdletParameter parameter, HelpPage page) =>
        page.Parameters.TryGetValue(parameter.Name, out var blocks) ? Paragraphs(blocks) : [Paragraph(StandardTexts[parameter.Name])];

    private static IEnumerable<XElement> Inputs(Cmdlet cmdlet) =>
        cmdlet.Parameters
            .Where(parameter => parameter.Uses.Any(use => use.ByValue || use.ByPropertyName))
            .Select(parameter => new XElement(Command + "inputType",
                new XElement(Dev + "type", new XElement(Maml + "name", parameter.TypeName)),
                new XElement(Maml + "description", Paragraph($"Binds to -{parameter.Name}: {Pipeline(parameter.Uses.First(use => use.ByValue || use.ByPropertyName))["True ".Length..].Trim('(', ')')}."))));

    private static IEnumerable<XElement> Outputs(Cmdlet cmdlet, HelpPage page) =>
        cmdlet.Outputs.Select((output, index) => new XElement(Command + "returnValue",
            new XElement(Dev + "type", new XElement(Maml + "name", output)),
            new XElement(Maml + "description", index == 0 ? Paragraphs(page.Outputs) : null)));

    private static XElement Example(HelpExample example, int index) =>
        new(Command + "example",
            new XElement(Maml + "title", $"Example {index + 1}: {example.Title}"),
            new XElement(Maml + "introduction", Paragraphs(example.Before)),
            new XElement(Dev + "code", example.Code),
            // The last, empty paragraph keeps the next example away from this one.
            new XElement(Dev + "remarks", Paragraphs(example.After), Paragraph("")));

    private static XElement Link(HelpLink link) =>
        new(Maml + "navigationLink",
            new XElement(Maml + "linkText", link.Text),
            new XElement(Maml + "uri", link.Target.Contains("://", StringComparison.Ordinal) ? link.Target : ""));

    private static IEnumerable<XElement> Paragraphs(IEnumerable<Block> blocks) => blocks.Select(block => Paragraph(PlainText.Of(block)));

    private static XElement Paragraph(string text) => new(Maml + "para", text);
}
