using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Where a value stands: a JSON pointer (RFC 6901). Where a name occurs several times, a number in brackets says which one,
/// as in XPath: <c>/section/rule[2]/port</c>. Kept as its last name and what is before it, since names come from a device:
/// many places may share a very long one.
/// </summary>
internal sealed class ValuePlace
{
    public static readonly ValuePlace Root = new(parent: null, "", number: 0);

    private readonly ValuePlace? parent;
    private readonly string name;
    private readonly int number;

    private ValuePlace(ValuePlace? parent, string name, int number)
    {
        this.parent = parent;
        this.name = name;
        this.number = number;
    }

    public ValuePlace Member(string member) => new(this, member, number: 0);

    public ValuePlace Element(int index) => Member(index.ToString(CultureInfo.InvariantCulture));

    /// <summary>One of all that have this place's name.</summary>
    /// <param name="index">From 0.</param>
    public ValuePlace Numbered(int index) => new(parent, name, index + 1);

    /// <summary>Its text, without control characters.</summary>
    /// <param name="length">To which each name is shortened.</param>
    public string Show(int length)
    {
        var names = new Stack<ValuePlace>();
        for (var place = this; place.parent is not null; place = place.parent)
        {
            names.Push(place);
        }

        var text = new StringBuilder();
        foreach (var place in names)
        {
            text.Append('/').Append(Escape(ValueText.ShowName(place.name, length)));
            if (place.number > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{place.number}]");
            }
        }

        return text.ToString();
    }

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
