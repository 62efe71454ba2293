using System.Xml;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Reads XML: elements by name, attributes by @name, text by #text. A document type is passed over and no entity of its
/// own is known, so that nothing is expanded or fetched; comments do not count.
/// </summary>
internal static class XmlValues
{
    private const string TextName = "#text";

    /// <exception cref="ValuesUnreadableException">It is no XML, or too much.</exception>
    public static ValueNode Read(string text, ValueBudget budget)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Ignore,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            IgnoreWhitespace = true,
            CheckCharacters = false,
        };
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), settings);
            var root = new MapNode { IsOrdered = true };
            var open = new Stack<MapNode>();
            open.Push(root);
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        budget.Count();
                        var element = new MapNode { IsOrdered = true };
                        open.Peek().Add(reader.Name, element);
                        var isEmpty = reader.IsEmptyElement;
                        while (reader.MoveToNextAttribute())
                        {
                            budget.Count();
                            element.AddUnordered("@" + reader.Name, new ScalarNode(reader.Value));
                        }

                        if (!isEmpty)
                        {
                            open.Push(element);
                            budget.CheckDepth(open.Count);
                        }

                        break;
                    case XmlNodeType.EndElement:
                        open.Pop();
                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                        budget.Count();
                        open.Peek().Add(TextName, new ScalarNode(reader.Value));
                        break;
                }
            }

            return Simplify(root);
        }
        catch (XmlException exception)
        {
            throw new ValuesUnreadableException($"it is no XML without entities of its own (line {exception.LineNumber})");
        }
    }

    /// <summary>An element that holds nothing but one text is that text.</summary>
    private static ValueNode Simplify(MapNode map)
    {
        if (map.Names is [TextName] && map[TextName] is [ScalarNode only])
        {
            return only;
        }

        if (map.Names.Count == 0)
        {
            return new ScalarNode("");
        }

        foreach (var name in map.Names)
        {
            var values = map[name];
            for (var index = 0; index < values.Count; index++)
            {
                if (values[index] is MapNode inner)
                {
                    values[index] = Simplify(inner);
                }
            }
        }

        return map;
    }
}
