using System.Text.Json;

namespace EdgeBackup.Core.Operations.Compare.Values;

/// <summary>Reads JSON; comments and a comma too many are passed over, as in the files of many a device.</summary>
internal static class JsonValues
{
    /// <exception cref="ValuesUnreadableException">It is no JSON, or too much.</exception>
    public static ValueNode Read(string text, ValueBudget budget)
    {
        var reader = new Utf8JsonReader(
            System.Text.Encoding.UTF8.GetBytes(text),
            new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = budget.Limits.Depth + 1 });
        try
        {
            ValueNode? root = null;
            var open = new Stack<ValueNode>();
            string? name = null;
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = reader.GetString();
                        continue;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        open.Pop();
                        continue;
                }

                budget.Count();
                ValueNode node = reader.TokenType switch
                {
                    JsonTokenType.StartObject => new MapNode(),
                    JsonTokenType.StartArray => new ListNode(),
                    JsonTokenType.String => new ScalarNode(reader.GetString()!, isText: true),
                    _ => new ScalarNode(System.Text.Encoding.UTF8.GetString(reader.ValueSpan)),
                };
                switch (open.TryPeek(out var parent) ? parent : null)
                {
                    case MapNode map:
                        map.Add(name!, node);
                        break;
                    case ListNode list:
                        list.Items.Add(node);
                        break;
                    default:
                        root = node;
                        break;
                }

                if (node is not ScalarNode)
                {
                    open.Push(node);
                    budget.CheckDepth(open.Count);
                }
            }

            return root ?? throw new ValuesUnreadableException("it is empty");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // GetString throws InvalidOperationException for half a surrogate pair.
            throw new ValuesUnreadableException(exception is JsonException { LineNumber: { } line } ? $"it is no JSON (line {line + 1})" : "it is no JSON");
        }
    }
}
