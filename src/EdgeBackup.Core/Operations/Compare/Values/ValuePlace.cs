using System.Globalization;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Places of values: JSON pointers (RFC 6901). Where a name occurs several times, a number in brackets says which one, as
/// in XPath: <c>/section/rule[2]/port</c>.
/// </summary>
internal static class ValuePlace
{
    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <param name="place">Of all that have the name.</param>
    /// <param name="index">From 0.</param>
    public static string Number(string place, int index) => $"{place}[{(index + 1).ToString(CultureInfo.InvariantCulture)}]";
}
