using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Operations.Metrics;

/// <summary>
/// Writes gauges in Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/): each family once, with its help and type before its samples.
/// </summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder text = new();

    /// <summary>Begins a family of gauges; its samples follow.</summary>
    public void Begin(string name, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(Escape(help, quotes: false)).Append('\n')
            .Append("# TYPE ").Append(name).Append(" gauge\n");

    /// <summary>Writes a sample.</summary>
    /// <param name="name">The family's.</param>
    /// <param name="labels">From <see cref="Labels"/>.</param>
    /// <param name="value">In base units.</param>
    public void Sample(string name, string labels, double value) =>
        text.Append(name).Append('{').Append(labels).Append("} ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>Labels as they stand between the braces; one without a value is left out, which means the same.</summary>
    public static string Labels(params ReadOnlySpan<(string Name, string? Value)> labels)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            if (!string.IsNullOrEmpty(value))
            {
                text.Append(text.Length == 0 ? "" : ",").Append(name).Append("=\"").Append(Escape(value, quotes: true)).Append('"');
            }
        }

        return text.ToString();
    }

    /// <summary>Seconds since 1970.</summary>
    public static double Timestamp(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).TotalSeconds;

    public override string ToString() => text.ToString();

    private static string Escape(string value, bool quotes)
    {
        if (value.AsSpan().IndexOfAny('\\', '\n', '"') < 0)
        {
            return value;
        }

        var escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }
}
