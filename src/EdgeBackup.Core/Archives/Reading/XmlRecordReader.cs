using System.Globalization;
using System.Text;
using System.Xml;

namespace EdgeBackup.Core.Archives.Reading;

/// <summary>Reads the XML files of archives, record by record.</summary>
internal static class XmlRecordReader
{
    /// <summary>The values of each record by their names.</summary>
    /// <exception cref="FormatException">It is no XML of an archive.</exception>
    public static IEnumerable<IReadOnlyDictionary<string, string>> Read(Stream input, ArchiveContent content)
    {
        using var reader = XmlReader.Create(input, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CloseInput = false });
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var name = content == ArchiveContent.Event ? XmlNames.Event : XmlNames.Record;
        while (Step(reader))
        {
            if (reader.NodeType == XmlNodeType.Element && reader.Depth == 1 && reader.LocalName == name)
            {
                values.Clear();
                ReadValues(reader, values);
                yield return values;
            }
        }
    }

    private static bool Step(XmlReader reader)
    {
        try
        {
            return reader.Read();
        }
        catch (XmlException exception)
        {
            throw new FormatException($"it is no XML: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    private static void ReadValues(XmlReader reader, Dictionary<string, string> values)
    {
        try
        {
            if (reader.IsEmptyElement)
            {
                return;
            }

            reader.Read();
            while (reader.NodeType != XmlNodeType.EndElement)
            {
                if (reader.NodeType != XmlNodeType.Element)
                {
                    reader.Read();
                    continue;
                }

                var name = reader.LocalName;
                var isEncoded = reader.GetAttribute(XmlNames.Encoding) == XmlNames.Base64;
                var text = reader.ReadElementContentAsString();
                values[name] = isEncoded ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : text;
            }
        }
        catch (XmlException exception)
        {
            throw new FormatException($"it is no XML: {exception.Message.TrimEnd('.')}", exception);
        }
    }

    public static ArchivedEvent ToEvent(IReadOnlyDictionary<string, string> values, string device) => new(
        Time(values),
        device,
        values.GetValueOrDefault(XmlNames.Id),
        values.GetValueOrDefault(XmlNames.Category) ?? "",
        values.GetValueOrDefault(XmlNames.Source) ?? "",
        values.GetValueOrDefault(XmlNames.User),
        values.GetValueOrDefault(XmlNames.Message) ?? "",
        values.GetValueOrDefault(XmlNames.Old),
        values.GetValueOrDefault(XmlNames.New));

    public static ArchivedTrendRecord ToTrend(IReadOnlyDictionary<string, string> values, string device, string trend) => new(
        Time(values),
        device,
        trend,
        long.TryParse(values.GetValueOrDefault(XmlNames.Sequence), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var sequence)
            ? sequence
            : throw new FormatException("a sequence number is none"),
        values.GetValueOrDefault(XmlNames.Value),
        values.GetValueOrDefault(XmlNames.Status) ?? "");

    private static DateTime Time(IReadOnlyDictionary<string, string> values) =>
        ArchiveTime.TryRead(Encoding.UTF8.GetBytes(values.GetValueOrDefault(XmlNames.Time) ?? ""), out var time) ? time : throw new FormatException("a time is none");
}
