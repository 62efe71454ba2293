using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Http;

/// <summary>Reads the answers of docs/device-api.md. What it does not know it ignores; what it needs must be right.</summary>
internal static class DeviceAnswers
{
    private static readonly string[] Types = ["edge-controller", "bms-server"];

    public static DeviceIdentity ReadIdentity(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        var root = DeviceJson.Root(fault, call, document);
        var type = root.Member("type");
        return new DeviceIdentity
        {
            Id = root.Member("id").Id(),
            Name = root.Optional("name")?.TextOrNull(),
            Type = Types.Contains(type.Text(), StringComparer.Ordinal) ? type.Text() : throw type.UnknownWord(),
            Model = root.Optional("model")?.TextOrNull(),
            Serial = root.Optional("serial")?.TextOrNull(),
            Version = root.Member("version").TextOrNull(),
            Time = root.Member("time").Time(),
            Features = root.Optional("features") is { IsNull: false } features ? [.. features.Elements().Select(feature => feature.Text())] : [],
        };
    }

    /// <summary>Reads the charge points. What is wrong with one is an error that names it: never assume idle (R2).</summary>
    public static IReadOnlyList<ChargePoint> ReadChargePoints(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        var points = new List<ChargePoint>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in DeviceJson.Root(fault, call, document).Elements())
        {
            var id = element.Member("id").Id();
            if (!ids.Add(id))
            {
                throw element.Wrong($"charge point '{id}' is listed twice");
            }

            points.Add(ReadChargePoint(id, element.Named($"charge point {id}")));
        }

        return points;
    }

    /// <summary>Reads the item list in ordinal order of the paths.</summary>
    /// <exception cref="EdgeBackupException">ItemPathInvalid, DeviceResponseInvalid.</exception>
    public static IReadOnlyList<ListedItem> ReadItems(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        var items = new List<ListedItem>();
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var element in DeviceJson.Root(fault, call, document).Elements())
        {
            var path = element.Member("path").Text();
            if (ItemPath.FindDeviceApiFault(path) is { } pathFault)
            {
                throw fault.Create(
                    ErrorIds.ItemPathInvalid,
                    $"it lists the item '{Printable(path)}', and {pathFault}. Nothing was captured; check the device's software");
            }

            if (!paths.Add(path))
            {
                throw element.Wrong($"the item '{path}' is listed twice");
            }

            items.Add(new ListedItem(ReadItem(path, element), element.Optional("unwritten") is { IsNull: false } unwritten && unwritten.Truth()));
        }

        items.Sort((first, second) => string.CompareOrdinal(first.Item.Path, second.Item.Path));
        return items;
    }

    /// <summary>Reads <c>{"id"}</c>.</summary>
    public static string ReadId(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        return DeviceJson.Root(fault, call, document).Member("id").Id();
    }

    /// <summary>Reads <c>{"id","expires"}</c>; a renewal need not repeat the id.</summary>
    public static (string? Id, DateTimeOffset? Expires) ReadHold(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
        {
            return (null, null);
        }

        using var document = DeviceJson.Parse(fault, call, body);
        var root = DeviceJson.Root(fault, call, document);
        return (root.Optional("id")?.Id(), root.Optional("expires")?.Time());
    }

    /// <summary>Reads a restore's state: <c>{"state","detail"}</c>, or the word alone.</summary>
    public static (string State, string? Detail) ReadRestoreState(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        var root = DeviceJson.Root(fault, call, document);
        var state = root.IsText ? root : root.Member("state");
        return state.Text() is "open" or "performing" or "completed" or "failed"
            ? (state.Text(), root.IsText ? null : root.Optional("detail")?.TextOrNull())
            : throw state.UnknownWord();
    }

    public static IReadOnlyList<TrendLog> ReadTrends(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        var root = DeviceJson.Root(fault, call, document);
        var trends = root.Elements().Select(element => ReadTrend(element.Member("id").Id(), element)).ToList();
        return trends.DistinctBy(trend => trend.Id, StringComparer.Ordinal).Count() == trends.Count ? trends : throw root.Wrong("a trend is listed twice");
    }

    /// <summary>Reads <c>{"queued"}</c>.</summary>
    public static long ReadQueued(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        return DeviceJson.Root(fault, call, document).Member("queued").Count();
    }

    public static IReadOnlyList<ChildDevice> ReadChildren(DeviceFault fault, string call, ReadOnlyMemory<byte> body)
    {
        using var document = DeviceJson.Parse(fault, call, body);
        var children = DeviceJson.Root(fault, call, document).Elements()
            .Select(element => new ChildDevice(
                element.Member("id").Id(),
                element.Optional("name")?.TextOrNull(),
                element.Member("type").Text(),
                element.Member("address").Text()))
            .ToList();
        return children.DistinctBy(child => child.Id, StringComparer.Ordinal).Count() == children.Count
            ? children
            : throw fault.InvalidAnswer(call, "a child is listed twice");
    }

    /// <summary>An ETag that promises equal bytes: quoted, not weak (RFC 9110, section 8.8.3). Anything else promises nothing.</summary>
    public static string? StrongTag(string? tag) =>
        tag is { Length: >= 2 } && tag[0] == '"' && tag[^1] == '"' && !tag.AsSpan(1, tag.Length - 2).Contains('"') ? tag : null;

    private static Item ReadItem(string path, DeviceJson element) => new()
    {
        Path = path,
        Length = element.Member("length").Count(),
        Modified = element.Member("modified") is { IsNull: false } modified ? modified.Time() : null,
        Stamp = StrongTag(element.Optional("etag")?.TextOrNull()),
        Kind = Choose(element.Member("kind"), ("configuration", ItemKind.Configuration), ("history", ItemKind.History), ("identity", ItemKind.Identity)),
        Retain = Choose(element.Member("retain"), ("cold", RetainLevel.Cold), ("warm", RetainLevel.Warm), ("none", RetainLevel.None)),
    };

    private static TrendLog ReadTrend(string id, DeviceJson element) => new(
        id,
        element.Optional("name")?.TextOrNull() ?? id,
        element.Optional("unit")?.TextOrNull(),
        element.Optional("records") is { IsNull: false } records ? records.Count() : null,
        element.Optional("extended") is { IsNull: false } extended ? extended.Truth() : null);

    private static T Choose<T>(DeviceJson word, params ReadOnlySpan<(string Word, T Meaning)> known)
    {
        var text = word.Text();
        foreach (var (candidate, meaning) in known)
        {
            if (candidate == text)
            {
                return meaning;
            }
        }

        throw word.UnknownWord();
    }

    private static ChargePoint ReadChargePoint(string id, DeviceJson element)
    {
        var connectors = element.Member("connectors").Elements().Select(ReadConnector).ToList();
        return new ChargePoint
        {
            Id = id,
            Online = element.Member("online").Truth(),
            LastSeen = element.Member("lastSeen").Time(),
            PendingMessages = (int)element.Member("pendingMessages").Count(int.MaxValue),
            TransactionsStarted = element.Member("transactionsStarted").Count(),
            Connectors = connectors.DistinctBy(connector => connector.Id).Count() == connectors.Count
                ? connectors
                : throw element.Wrong("a connector is listed twice"),
        };
    }

    private static Connector ReadConnector(DeviceJson element)
    {
        var status = element.Member("status").Text();
        var transaction = element.Member("transaction");
        return new Connector(
            (int)element.Member("id").Count(int.MaxValue),
            status,
            transaction.IsNull
                ? null
                : new Transaction(transaction.Member("id").Id(), transaction.Optional("started") is { IsNull: false } started ? started.Time() : null));
    }

    private static string Printable(string text) =>
        new([.. text.Take(200).Select(character => char.IsControl(character) || char.IsSurrogate(character) ? '\uFFFD' : character)]);
}

/// <summary>An item as a device lists it.</summary>
/// <param name="Item">What it is.</param>
/// <param name="IsUnwritten">An application has written it and the device holds it in memory only, so that there is nothing to read.</param>
internal sealed record ListedItem(Item Item, bool IsUnwritten);
