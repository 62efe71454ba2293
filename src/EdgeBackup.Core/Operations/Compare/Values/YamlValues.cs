using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>
/// Reads YAML event by event. An alias is compared by its name and never followed: what it stands for is compared, with its
/// anchor, where it stands, and nothing can grow by being referred to.
/// </summary>
internal static class YamlValues
{
    /// <exception cref="ValuesUnreadableException">It is no YAML, or too much.</exception>
    public static ValueNode Read(string text, ValueBudget budget)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            var documents = new ListNode();
            var open = new Stack<(ValueNode Node, string? Name)>();
            var anchors = new HashSet<string>(StringComparer.Ordinal);
            while (parser.MoveNext())
            {
                switch (parser.Current)
                {
                    case Scalar scalar:
                        var mark = ReadMark(scalar);
                        Add(ToNode(scalar, mark), ToName(scalar, mark));
                        break;
                    case AnchorAlias alias:
                        Add(new ScalarNode("*" + alias.Value), "*" + alias.Value);
                        break;
                    case SequenceStart start:
                        Open(new ListNode { Mark = ReadMark(start) });
                        break;
                    case MappingStart start:
                        Open(new MapNode { Mark = ReadMark(start) });
                        break;
                    case SequenceEnd or MappingEnd:
                        Close();
                        break;
                }
            }

            return documents.Items is [var only] ? only : documents;

            void Add(ValueNode node, string text)
            {
                budget.Count();
                if (!open.TryPop(out var parent))
                {
                    documents.Items.Add(node);
                    return;
                }

                switch (parent.Node)
                {
                    case MapNode when parent.Name is null:
                        open.Push((parent.Node, text));
                        return;
                    case MapNode map:
                        map.Add(parent.Name, node);
                        break;
                    case ListNode list:
                        list.Items.Add(node);
                        break;
                }

                open.Push((parent.Node, null));
            }

            void Open(ValueNode node)
            {
                if (open.TryPeek(out var parent) && parent is { Node: MapNode, Name: null })
                {
                    throw new ValuesUnreadableException("it has names that are lists or maps themselves");
                }

                Add(node, "");
                open.Push((node, null));
                budget.CheckDepth(open.Count);
            }

            void Close() => open.Pop();

            string ReadMark(NodeEvent node)
            {
                var tag = node.Tag.IsEmpty || node.Tag.IsNonSpecific ? "" : node.Tag.Value;
                if (node.Anchor.IsEmpty)
                {
                    return tag;
                }

                // Then it matters where an alias stands, and the order of names is no longer a matter of writing.
                if (!anchors.Add(node.Anchor.Value))
                {
                    throw new ValuesUnreadableException("it gives several values the same anchor");
                }

                return tag.Length == 0 ? "&" + node.Anchor.Value : $"&{node.Anchor.Value} {tag}";
            }
        }
        catch (YamlException exception)
        {
            throw new ValuesUnreadableException($"it is no YAML (line {exception.Start.Line})");
        }
    }

    private static ScalarNode ToNode(Scalar scalar, string mark) =>
        new(scalar.Value, isText: scalar.Style != ScalarStyle.Plain || !MayBeNoText(scalar.Value)) { Mark = mark };

    /// <summary>A name as it is; in quotation marks where it would mean another thing without them.</summary>
    private static string ToName(Scalar scalar, string mark)
    {
        var name = scalar.Style != ScalarStyle.Plain && (MayBeNoText(scalar.Value) || scalar.Value[0] is '*' or '&' or '!' or '"')
            ? $"\"{scalar.Value}\""
            : scalar.Value;
        return mark.Length == 0 ? name : $"{mark} {name}";
    }

    /// <summary>Whether a word without quotation marks may be a number, a truth value or nothing.</summary>
    private static bool MayBeNoText(string value) =>
        value.Length == 0
        || char.IsAsciiDigit(value[0]) || value[0] is '+' or '-' or '.' or '~'
        || value.ToUpperInvariant() is "NULL" or "TRUE" or "FALSE" or "YES" or "NO" or "ON" or "OFF" or "Y" or "N";
}
