using System.Globalization;
using System.Text.Json;

namespace EdgeBackup.Core.Devices.Types.Reading;

/// <summary>
/// The members of one object, read by name; what is wrong with them is noted where it stands, and reading goes on, so that
/// a user sees everything at once.
/// </summary>
internal sealed class ObjectFields
{
    private readonly LocatedValue value;
    private readonly List<DeviceTypeProblem> problems;
    private readonly List<string> known = [];

    /// <param name="value">An object.</param>
    /// <param name="path">Where it stands; empty for the whole.</param>
    /// <param name="problems">Takes what is wrong.</param>
    public ObjectFields(LocatedValue value, string path, List<DeviceTypeProblem> problems)
    {
        this.value = value;
        this.problems = problems;
        Path = path;
    }

    public string Path { get; }

    /// <summary>The object of a value, or null with a problem where it is none.</summary>
    public static ObjectFields? Open(LocatedValue value, string path, List<DeviceTypeProblem> problems)
    {
        if (value.Kind == JsonTokenType.StartObject)
        {
            return new ObjectFields(value, path, problems);
        }

        problems.Add(new DeviceTypeProblem(value.Line, value.Column, path, $"{value.Describe()} is not an object"));
        return null;
    }

    /// <summary>Whether a member is there.</summary>
    public bool Has(string name) => value.Members.Exists(member => member.Name == name);

    /// <summary>The member of a name, for readers of its own.</summary>
    public LocatedValue? Find(string name)
    {
        known.Add(name);
        return value.Members.Find(member => member.Name == name)?.Value;
    }

    /// <summary>A text.</summary>
    /// <param name="name">Of the member.</param>
    /// <param name="findFault">Says what is wrong with a text, as the end of a sentence that begins with it; null for a good one.</param>
    public string? Text(string name, Func<string, string?>? findFault = null) =>
        Find(name) is { } found ? TextOf(found, Child(name), findFault) : null;

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string name, Func<string, string?>? findFault = null)
    {
        Require(name);
        return Text(name, findFault) ?? "";
    }

    public bool Flag(string name)
    {
        if (Find(name) is not { } found)
        {
            return false;
        }

        if (found.Kind is not (JsonTokenType.True or JsonTokenType.False))
        {
            Fault(found, Child(name), $"{found.Describe()} is neither true nor false");
        }

        return found.Kind == JsonTokenType.True;
    }

    public int? Whole(string name, int minimum, int maximum) => Find(name) is { } found ? WholeOf(found, Child(name), minimum, maximum) : null;

    /// <summary>A number above a limit.</summary>
    public double? NumberAbove(string name, double limit)
    {
        if (Find(name) is not { } found)
        {
            return null;
        }

        if (found.Kind == JsonTokenType.Number && double.TryParse(found.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > limit && double.IsFinite(number))
        {
            return number;
        }

        Fault(found, Child(name), string.Create(CultureInfo.InvariantCulture, $"{found.Describe()} is not a number above {limit}"));
        return null;
    }

    /// <summary>A span of time, <c>[days.]hh:mm:ss</c>, above zero.</summary>
    public TimeSpan? Span(string name)
    {
        if (Find(name) is not { } found)
        {
            return null;
        }

        if (found.Kind == JsonTokenType.String && TypeWords.TryParseSpan(found.Text, out var span))
        {
            return span;
        }

        Fault(found, Child(name), $"{found.Describe()} is not a span of time above zero, written as 'hh:mm:ss' or 'days.hh:mm:ss'");
        return null;
    }

    /// <summary>One of the words of an enumeration.</summary>
    public T? Word<T>(string name)
        where T : struct, Enum => Find(name) is { } found ? WordOf<T>(found, Child(name)) : null;

    /// <summary>A list; an element that is wrong is left out.</summary>
    /// <param name="name">Of the member.</param>
    /// <param name="read">Reads an element that stands at a path; null where it is wrong and was noted.</param>
    public IReadOnlyList<T> List<T>(string name, Func<LocatedValue, string, T?> read)
        where T : class
    {
        if (Find(name) is not { } found)
        {
            return [];
        }

        if (found.Kind != JsonTokenType.StartArray)
        {
            Fault(found, Child(name), $"{found.Describe()} is not a list");
            return [];
        }

        var list = new List<T>();
        for (var index = 0; index < found.Elements.Count; index++)
        {
            if (read(found.Elements[index], string.Create(CultureInfo.InvariantCulture, $"{Child(name)}[{index}]")) is { } element)
            {
                list.Add(element);
            }
        }

        return list;
    }

    /// <summary>A list of texts, each of them once.</summary>
    public IReadOnlyList<string> Texts(string name, Func<string, string?>? findFault = null)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return List(name, (element, path) =>
        {
            var text = TextOf(element, path, findFault);
            if (text is not null && !seen.Add(text))
            {
                Fault(element, path, $"'{text}' stands in the list before");
            }

            return text;
        });
    }

    /// <summary>Notes a member that must be there and is not.</summary>
    public void Require(string name)
    {
        if (!Has(name))
        {
            Fault(value, Path, $"'{name}' is missing");
        }
    }

    /// <summary>Notes the members that nobody asked for, and those that stand there twice.</summary>
    public void Finish()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.Members)
        {
            if (!known.Contains(member.Name))
            {
                problems.Add(new DeviceTypeProblem(member.Line, member.Column, Child(member.Name), $"there is no such property here; known are {string.Join(", ", known.Distinct(StringComparer.Ordinal))}"));
            }
            else if (!seen.Add(member.Name))
            {
                problems.Add(new DeviceTypeProblem(member.Line, member.Column, Child(member.Name), "it stands here twice"));
            }
        }
    }

    /// <summary>Notes that something is wrong with the object itself.</summary>
    public void Fault(string message) => Fault(value, Path, message);

    /// <summary>Notes that something is wrong with a member.</summary>
    public void FaultAt(string name, string message) => Fault(Find(name) ?? value, Child(name), message);

    public string? TextOf(LocatedValue found, string path, Func<string, string?>? findFault)
    {
        if (found.Kind != JsonTokenType.String)
        {
            Fault(found, path, $"{found.Describe()} is not a text");
            return null;
        }

        if (string.IsNullOrWhiteSpace(found.Text))
        {
            Fault(found, path, "the text is empty");
            return null;
        }

        if (findFault?.Invoke(found.Text) is { } fault)
        {
            Fault(found, path, $"'{found.Text}' {fault}");
            return null;
        }

        return found.Text;
    }

    public T? WordOf<T>(LocatedValue found, string path)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>();
        if (found.Kind == JsonTokenType.String && names.Contains(found.Text, StringComparer.Ordinal))
        {
            return Enum.Parse<T>(found.Text);
        }

        Fault(found, path, $"{found.Describe()} is not one of {string.Join(", ", names)}");
        return null;
    }

    public int? WholeOf(LocatedValue found, string path, int minimum, int maximum)
    {
        if (found.Kind == JsonTokenType.Number && int.TryParse(found.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= minimum && number <= maximum)
        {
            return number;
        }

        Fault(found, path, string.Create(CultureInfo.InvariantCulture, $"{found.Describe()} is not a whole number from {minimum} to {maximum}"));
        return null;
    }

    /// <summary>Where a member stands.</summary>
    public string Child(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    private void Fault(LocatedValue at, string path, string message) => problems.Add(new DeviceTypeProblem(at.Line, at.Column, path, message));
}
