using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Tests.Operations.Metrics;

/// <summary>A sample as a collector reads it.</summary>
internal sealed record ParsedSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string this[string label] => Labels.GetValueOrDefault(label, "");
}

/// <summary>Reads the text exposition format 0.0.4 strictly, written from its description and knowing nothing of the writer.</summary>
internal sealed class PrometheusParser
{
    private readonly string text;
    private readonly HashSet<string> closed = new(StringComparer.Ordinal);
    private int at;
    private string? family;

    private PrometheusParser(string text) => this.text = text;

    public Dictionary<string, string> Helps { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    public List<ParsedSample> Samples { get; } = [];

    public static PrometheusParser Parse(string text)
    {
        var parser = new PrometheusParser(text);
        parser.Run();
        return parser;
    }

    private void Run()
    {
        Require(text.Length == 0 || text[^1] == '\n', "the last line must end");
        while (at < text.Length)
        {
            if (text[at] == '#')
            {
                ReadComment();
            }
            else
            {
                ReadSample();
            }
        }
    }

    private void ReadComment()
    {
        var line = text[at..text.IndexOf('\n', at)];
        at += line.Length + 1;
        var parts = line.Split(' ', 4);
        Require(parts is [_, "HELP" or "TYPE", _, _], $"a comment that is none of the two: {line}");
        if (parts[2] != family)
        {
            Require(parts[1] == "HELP" && closed.Add(parts[2]), $"the family {parts[2]} is split, or its type stands before its help");
            family = parts[2];
        }

        Require((parts[1] == "HELP" ? Helps : Types).TryAdd(parts[2], parts[3]), $"twice: {line}");
        Require(parts[1] == "HELP" || parts[3] is "gauge" or "counter", $"the type {parts[3]}");
    }

    private void ReadSample()
    {
        var name = ReadName();
        Require(name == family && Types.ContainsKey(name), $"{name} stands outside its family");
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Take('{'))
        {
            while (!Take('}'))
            {
                var label = ReadName();
                Require(Take('=') && Take('"'), $"label {label}");
                Require(labels.TryAdd(label, ReadQuoted()), $"label {label} twice");
                Require(Take(',') || text[at] == '}', $"after label {label}");
            }
        }

        Require(Take(' '), $"no blank before the value of {name}");
        var end = text.IndexOf('\n', at);
        Require(double.TryParse(text[at..end], NumberStyles.Float, CultureInfo.InvariantCulture, out var value), $"the value {text[at..end]}");
        at = end + 1;
        var sample = new ParsedSample(name, labels, value);
        Require(!Samples.Any(other => other.Name == name && other.Labels.Count == labels.Count && labels.All(label => other[label.Key] == label.Value)), $"{name} twice with the same labels");
        Samples.Add(sample);
    }

    private string ReadName()
    {
        var start = at;
        while (at < text.Length && (char.IsAsciiLetter(text[at]) || text[at] == '_' || (at > start && char.IsAsciiDigit(text[at]))))
        {
            at++;
        }

        Require(at > start, "no name");
        return text[start..at];
    }

    private string ReadQuoted()
    {
        var value = new StringBuilder();
        while (!Take('"'))
        {
            var next = text[at++];
            Require(next != '\n', "a line break in a label");
            value.Append(next != '\\' ? next : text[at++] switch
            {
                '\\' => '\\',
                '"' => '"',
                'n' => '\n',
                var other => throw new FormatException($"\\{other} in a label"),
            });
        }

        return value.ToString();
    }

    private bool Take(char wanted)
    {
        if (at >= text.Length || text[at] != wanted)
        {
            return false;
        }

        at++;
        return true;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new FormatException(what);
        }
    }
}
