using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Errors;

namespace EdgeBackup.Core.Devices.Types.Reading;

/// <summary>
/// Reads the JSON file of a device type (docs/device-types.md) and says with line and property what is wrong with it. What
/// docs/device-type.schema.json refuses is refused here too; beyond that, expressions are tried and members compared.
/// </summary>
public static class DeviceTypeReader
{
    /// <summary>Bytes that such a file may have.</summary>
    public const int SizeLimit = 1 << 20;

    /// <summary>Reads a type, or everything that is wrong with it.</summary>
    public static DeviceTypeReading Read(ReadOnlySpan<byte> json)
    {
        var problems = new List<DeviceTypeProblem>();
        var type = json.Length > SizeLimit ? TooLong(problems) : Parse(json, problems);
        return new DeviceTypeReading(problems.Count == 0 ? type : null, [.. problems.OrderBy(problem => (problem.Line, problem.Column))]);
    }

    /// <summary>Reads a type that is meant to be used.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="name">The file's name, for the message.</param>
    /// <exception cref="EdgeBackupException">DeviceTypeInvalid, with the first problems.</exception>
    public static DeviceType ReadGood(ReadOnlySpan<byte> json, string name)
    {
        const int Shown = 3;
        var reading = Read(json);
        if (reading.Type is { } type)
        {
            return type;
        }

        var shown = string.Join("; ", reading.Problems.Take(Shown).Select(problem => $"{name}:{problem}"));
        var rest = reading.Problems.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $"; and {reading.Problems.Count - Shown} more") : "";
        throw new EdgeBackupException(
            ErrorIds.DeviceTypeInvalid,
            $"'{name}' is not a device type that can be used: {shown}{rest}. Correct it, and try it with: Test-EdgeDeviceType -Path '{name}'",
            name);
    }

    private static DeviceType? TooLong(List<DeviceTypeProblem> problems)
    {
        problems.Add(new DeviceTypeProblem(1, 1, "", string.Create(CultureInfo.InvariantCulture, $"the file has more than {SizeLimit} bytes, so that it can be no device type")));
        return null;
    }

    private static DeviceType? Parse(ReadOnlySpan<byte> json, List<DeviceTypeProblem> problems)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        LocatedValue root;
        try
        {
            root = LocatedValue.Parse(json.StartsWith(mark) ? json[mark.Length..] : json);
        }
        catch (JsonException exception)
        {
            var place = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            var message = place < 0 ? exception.Message : exception.Message[..place];
            problems.Add(new DeviceTypeProblem((int)(exception.LineNumber ?? 0) + 1, (int)(exception.BytePositionInLine ?? 0) + 1, "", $"this is not JSON: {message.TrimEnd('.', ' ')}"));
            return null;
        }

        return ObjectFields.Open(root, "", problems) is { } fields ? ReadType(fields, problems) : null;
    }

    private static DeviceType ReadType(ObjectFields fields, List<DeviceTypeProblem> problems)
    {
        fields.Text("$schema");
        var parts = new TypeParts(problems);
        fields.Require("connections");
        var type = new DeviceType
        {
            Id = fields.RequiredText("id", TypeWords.FindIdFault),
            Title = fields.RequiredText("title"),
            Description = fields.Text("description"),
            Sources = fields.Texts("sources", TypeWords.FindUrlFault),
            MinimumVersion = DeviceVersion.TryParse(fields.Text("minimumVersion", TypeWords.FindVersionFault)),
            Connections = ReadConnections(fields),
            Root = fields.Text("root", TypeWords.FindRootFault),
            Paths = fields.Texts("paths", TypeWords.FindPathFault),
            PathsCommand = fields.Find("pathsCommand") is { } command ? parts.ReadCommand(command, "pathsCommand") : null,
            Identity = parts.ReadIdentity(fields),
            Gate = parts.ReadGate(fields),
            Items = fields.List("items", parts.ReadItem),
            Commands = parts.ReadCommands(fields),
            Check = parts.ReadCheck(fields),
            Policy = parts.ReadPolicy(fields),
            Method = parts.ReadMethod(fields),
        };
        fields.Finish();
        CheckTogether(fields, type);
        return type;
    }

    private static List<ConnectionKind> ReadConnections(ObjectFields fields)
    {
        var connections = fields.List("connections", (element, path) => fields.WordOf<ConnectionKind>(element, path) is { } kind ? (object)kind : null).Cast<ConnectionKind>().ToList();
        if (fields.Find("connections") is { Kind: JsonTokenType.StartArray } list)
        {
            if (list.Elements.Count == 0)
            {
                fields.FaultAt("connections", "the list is empty; name at least one of Folder, Http, Ssh, Bacnet");
            }
            else if (connections.Distinct().Count() != connections.Count)
            {
                fields.FaultAt("connections", "a word stands in the list twice");
            }
        }

        return connections;
    }

    /// <summary>What is only done over SSH would be silently left undone elsewhere.</summary>
    private static void CheckTogether(ObjectFields fields, DeviceType type)
    {
        if (type.Connections.Count == 0 || type.Connections.Contains(ConnectionKind.Ssh))
        {
            return;
        }

        foreach (var name in new[] { "root", "paths", "pathsCommand", "identity", "gate", "commands", "check" })
        {
            if (fields.Has(name))
            {
                fields.FaultAt(name, "it is only used over SSH, and 'connections' does not have Ssh");
            }
        }
    }
}
