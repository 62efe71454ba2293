using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Xml;
using EdgeBackup.Core.Devices;

namespace EdgeBackup.Core.Archives.Writing;

/// <summary>
/// Records as XML 1.0, UTF-8, one element a record. A value that is not there has no element; a text with characters that
/// XML cannot hold is given as base64 of its UTF-8.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The output is not its own; and disposing of the writer would write, after a full disk too.")]
internal sealed class XmlRecordWriter : IRecordWriter
{
    private readonly XmlWriter writer;

    /// <param name="output">Where to; stays open.</param>
    /// <param name="device">The device's id.</param>
    /// <param name="trend">The trend log's id; null for events.</param>
    public XmlRecordWriter(Stream output, string device, string? trend)
    {
        writer = XmlWriter.Create(output, new XmlWriterSettings
        {
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            CloseOutput = false,
            Indent = true,
            IndentChars = "",
            NewLineChars = "\n",

            // A carriage return in a value would otherwise come back as a line feed.
            NewLineHandling = NewLineHandling.Entitize,
        });
        writer.WriteStartDocument();
        writer.WriteStartElement(trend is null ? XmlNames.Events : XmlNames.TrendLog);
        Write(XmlNames.Device, device);
        if (trend is not null)
        {
            Write(XmlNames.Trend, trend);
        }
    }

    public void Write(DeviceEvent record)
    {
        writer.WriteStartElement(XmlNames.Event);
        writer.WriteElementString(XmlNames.Time, ArchiveTime.ToText(record.Time));
        Write(XmlNames.Category, record.Category);
        Write(XmlNames.Source, record.Source);
        Write(XmlNames.User, record.User);
        Write(XmlNames.Message, record.Message);
        Write(XmlNames.Old, record.Old);
        Write(XmlNames.New, record.New);
        Write(XmlNames.Id, record.Id);
        writer.WriteEndElement();
    }

    public void Write(in TrendRecord record)
    {
        writer.WriteStartElement(XmlNames.Record);
        writer.WriteElementString(XmlNames.Time, ArchiveTime.ToText(record.Time));
        writer.WriteElementString(XmlNames.Sequence, record.Sequence.ToString(CultureInfo.InvariantCulture));
        Write(XmlNames.Value, record.Value);
        Write(XmlNames.Status, record.Status);
        writer.WriteEndElement();
    }

    public void Complete()
    {
        writer.WriteEndElement();
        writer.WriteEndDocument();
        writer.Flush();
    }

    private void Write(string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        writer.WriteStartElement(name);
        if (IsPlain(value))
        {
            writer.WriteString(value);
        }
        else
        {
            writer.WriteAttributeString(XmlNames.Encoding, XmlNames.Base64);
            writer.WriteString(Convert.ToBase64String(Encoding.UTF8.GetBytes(value)));
        }

        writer.WriteEndElement();
    }

    private static bool IsPlain(string value)
    {
        for (var index = 0; index < value.Length; index++)
        {
            if (!XmlConvert.IsXmlChar(value[index]))
            {
                if (index + 1 == value.Length || !XmlConvert.IsXmlSurrogatePair(value[index + 1], value[index]))
                {
                    return false;
                }

                index++;
            }
        }

        return true;
    }
}
