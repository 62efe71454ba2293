using System.Text.Json;

namespace EdgeBackup.Core.Devices.Folder;

/// <summary>
/// Reads the contents of <c>edge-transactions.json</c>. They tell only the present, so the counters that the gate compares
/// are kept here, as long as the connection lives.
/// </summary>
internal sealed class FolderTransactionsList(TimeProvider timeProvider)
{
    private readonly Dictionary<string, HashSet<string>> seen = new(StringComparer.Ordinal);

    /// <summary>Reads the list.</summary>
    /// <exception cref="JsonException">It is none; the message is a part of a sentence.</exception>
    public List<ChargePoint> Read(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException("it is not a list");
        }

        var now = timeProvider.GetUtcNow();
        var connectors = new SortedDictionary<string, List<Connector>>(StringComparer.Ordinal);
        foreach (var entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Object)
            {
                throw new JsonException("an entry is not an object");
            }

            var chargePoint = Text(entry, "chargepoint");
            var transaction = new Transaction(Text(entry, "id", isNumberAllowed: true), Started(entry));
            if (!connectors.TryGetValue(chargePoint, out var known))
            {
                connectors[chargePoint] = known = [];
            }

            known.Add(new Connector(ConnectorNumber(entry), "Charging", transaction));
        }

        lock (seen)
        {
            foreach (var (chargePoint, running) in connectors)
            {
                if (!seen.TryGetValue(chargePoint, out var ids))
                {
                    seen[chargePoint] = ids = new HashSet<string>(StringComparer.Ordinal);
                }

                ids.UnionWith(running.Select(connector => connector.Transaction!.Id));
            }

            return [.. connectors.Select(pair => new ChargePoint
            {
                Id = pair.Key,
                Online = true,
                LastSeen = now,
                TransactionsStarted = seen[pair.Key].Count,
                Connectors = pair.Value,
            })];
        }
    }

    private static string Text(JsonElement entry, string property, bool isNumberAllowed = false)
    {
        if (!entry.TryGetProperty(property, out var value))
        {
            throw new JsonException($"an entry has no \"{property}\"");
        }

        // OCPP 1.6 numbers its transactions, 2.0.1 names them.
        var text = value.ValueKind switch
        {
            JsonValueKind.String => ReadString(value, property),
            JsonValueKind.Number when isNumberAllowed => value.GetRawText(),
            _ => null,
        };
        return string.IsNullOrEmpty(text) ? throw new JsonException($"the \"{property}\" of an entry is empty or no text") : text;
    }

    private static string ReadString(JsonElement value, string property)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException($"the \"{property}\" of an entry is not valid Unicode", exception);
        }
    }

    private static int ConnectorNumber(JsonElement entry) =>
        entry.TryGetProperty("connector", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : throw new JsonException("the \"connector\" of an entry is not a number");

    private static DateTimeOffset? Started(JsonElement entry)
    {
        if (!entry.TryGetProperty("started", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var started)
            ? started.ToUniversalTime()
            : throw new JsonException("the \"started\" of an entry is not a time");
    }
}
