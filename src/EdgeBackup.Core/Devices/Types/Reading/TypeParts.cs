using System.Text.Json;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Devices.Types.Reading;

/// <summary>Reads the parts of a device type.</summary>
internal sealed class TypeParts(List<DeviceTypeProblem> problems)
{
    /// <summary>What says nothing of an item that is not seen at all.</summary>
    private static readonly string[] NotOfExcluded = ["kind", "retain", "required", "unchecked", "volatile"];

    /// <summary>A command: a text, or an object with <c>run</c> and <c>timeout</c>.</summary>
    public DeviceCommand? ReadCommand(LocatedValue value, string path)
    {
        if (value.Kind == JsonTokenType.String)
        {
            if (!string.IsNullOrWhiteSpace(value.Text))
            {
                return new DeviceCommand(value.Text, DeviceCommand.DefaultTimeout);
            }

            problems.Add(new DeviceTypeProblem(value.Line, value.Column, path, "the text is empty"));
            return null;
        }

        if (value.Kind != JsonTokenType.StartObject)
        {
            problems.Add(new DeviceTypeProblem(value.Line, value.Column, path, $"{value.Describe()} is not a command: a text, or an object with 'run' and 'timeout'"));
            return null;
        }

        var fields = new ObjectFields(value, path, problems);
        var command = new DeviceCommand(fields.RequiredText("run"), fields.Span("timeout") ?? DeviceCommand.DefaultTimeout);
        fields.Finish();
        return command;
    }

    public IdentityRules ReadIdentity(ObjectFields parent)
    {
        if (Open(parent, "identity") is not { } fields)
        {
            return new IdentityRules();
        }

        var rules = new IdentityRules
        {
            Id = ReadSource(fields, "id"),
            Name = ReadSource(fields, "name"),
            Version = ReadSource(fields, "version"),
            Model = ReadSource(fields, "model"),
            Serial = ReadSource(fields, "serial"),
        };
        fields.Finish();
        return rules;
    }

    public GateRules? ReadGate(ObjectFields parent)
    {
        if (Open(parent, "gate") is not { } fields)
        {
            return null;
        }

        var rules = new GateRules
        {
            Command = RequiredCommand(fields),
            BusyExitCodes = ExitCodes(fields, "busyExitCodes"),
            BusyPattern = fields.Text("busyPattern", TypeWords.FindPatternFault),
            IdleExitCodes = fields.Has("idleExitCodes") ? ExitCodes(fields, "idleExitCodes") : [0],
            IdlePattern = fields.Text("idlePattern", TypeWords.FindPatternFault),
            JsonPointer = fields.Text("pointer", TypeWords.FindPointerFault),
            BusyValues = fields.Texts("busyValues"),
            IdleValues = fields.Texts("idleValues"),
            What = fields.Text("what"),
        };
        if (rules.BusyExitCodes.Intersect(rules.IdleExitCodes).Any())
        {
            fields.FaultAt("busyExitCodes", "an exit code means idle too (0 does, where 'idleExitCodes' is not given)");
        }

        if (fields.Has("pointer") && !fields.Has("idleValues"))
        {
            fields.FaultAt("pointer", "'idleValues' is missing: without it nothing at the pointer would ever be idle");
        }

        foreach (var name in new[] { "busyValues", "idleValues" })
        {
            if (fields.Has(name) && !fields.Has("pointer"))
            {
                fields.FaultAt(name, "'pointer' is missing, which says where the values are");
            }
        }

        var hasBusyCodes = fields.Find("busyExitCodes") is { } codes && codes is not { Kind: JsonTokenType.StartArray, Elements.Count: 0 };
        if (!hasBusyCodes && !fields.Has("busyPattern") && !fields.Has("idlePattern") && !fields.Has("pointer"))
        {
            fields.Fault("nothing says what busy is: give busyExitCodes, busyPattern, idlePattern or pointer");
        }

        fields.Finish();
        return rules;
    }

    public ItemRule? ReadItem(LocatedValue value, string path)
    {
        if (ObjectFields.Open(value, path, problems) is not { } fields)
        {
            return null;
        }

        var rule = new ItemRule
        {
            Path = fields.RequiredText("path", TypeWords.FindItemPathFault),
            Kind = fields.Word<ItemKind>("kind"),
            Retain = fields.Word<RetainLevel>("retain"),
            Exclude = fields.Flag("exclude"),
            Required = fields.Flag("required"),
            Unchecked = fields.Flag("unchecked"),
            Volatile = fields.List("volatile", ReadVolatile),
        };
        if (rule.Exclude && Array.Exists(NotOfExcluded, fields.Has))
        {
            fields.FaultAt("exclude", "an excluded item has no kind, retain, required, unchecked or volatile");
        }

        if (rule.Required && rule.Retain == RetainLevel.None)
        {
            fields.FaultAt("required", "what the retain level None keeps out of every backup cannot be required");
        }

        fields.Finish();
        return rule;
    }

    public DeviceCommands ReadCommands(ObjectFields parent)
    {
        if (Open(parent, "commands") is not { } fields)
        {
            return new DeviceCommands();
        }

        var commands = new DeviceCommands
        {
            BeforeCapture = fields.List("beforeCapture", ReadCommand),
            AfterCapture = fields.List("afterCapture", ReadCommand),
            BeforeRestore = fields.List("beforeRestore", ReadCommand),
            AfterRestore = fields.List("afterRestore", ReadCommand),
        };
        fields.Finish();
        return commands;
    }

    public SuccessCheck? ReadCheck(ObjectFields parent)
    {
        if (Open(parent, "check") is not { } fields)
        {
            return null;
        }

        var check = new SuccessCheck { Command = RequiredCommand(fields), Pattern = fields.Text("pattern", TypeWords.FindPatternFault) };
        check = check with { WaitUpTo = fields.Span("waitUpTo") ?? check.WaitUpTo, Interval = fields.Span("interval") ?? check.Interval };
        fields.Finish();
        return check;
    }

    public PolicyDefaults ReadPolicy(ObjectFields parent)
    {
        if (Open(parent, "policy") is not { } fields)
        {
            return new PolicyDefaults();
        }

        var policy = new PolicyDefaults
        {
            Interval = fields.Span("interval"),
            Window = fields.Text("window", TypeWords.FindWindowFault),
            TimeZone = fields.Text("timeZone", TypeWords.FindTimeZoneFault),
            Content = fields.Word<BackupContent>("content"),
            RetentionMonths = fields.Whole("retentionMonths", 1, 1200),
            ManualLimit = fields.Whole("manualLimit", 1, 100_000),
            KeepLast = fields.Whole("keepLast", 0, 100_000),
            OverdueAfter = fields.Span("overdueAfter"),
            SizeFactor = fields.NumberAbove("sizeFactor", 1),
        };
        fields.Finish();
        return policy;
    }

    public MethodNotes ReadMethod(ObjectFields parent)
    {
        if (Open(parent, "method") is not { } fields)
        {
            return new MethodNotes();
        }

        var notes = new MethodNotes
        {
            Contains = fields.Texts("contains"),
            NotContained = fields.Texts("notContained"),
            Trigger = fields.Text("trigger"),
            Format = fields.Text("format"),
            Restore = fields.Text("restore"),
            NotRestored = fields.Texts("notRestored"),
        };
        fields.Finish();
        return notes;
    }

    private ObjectFields? Open(ObjectFields parent, string name) =>
        parent.Find(name) is { } value ? ObjectFields.Open(value, parent.Child(name), problems) : null;

    private DeviceCommand RequiredCommand(ObjectFields fields)
    {
        fields.Require("command");
        return (fields.Find("command") is { } value ? ReadCommand(value, fields.Child("command")) : null) ?? new DeviceCommand("", DeviceCommand.DefaultTimeout);
    }

    private ValueSource? ReadSource(ObjectFields parent, string name)
    {
        if (Open(parent, name) is not { } fields)
        {
            return null;
        }

        var source = new ValueSource
        {
            Command = fields.Find("command") is { } command ? ReadCommand(command, fields.Child("command")) : null,
            File = fields.Text("file", TypeWords.FindFileFault),
            Pattern = fields.Text("pattern", TypeWords.FindPatternFault),
            JsonPointer = fields.Text("pointer", TypeWords.FindSinglePointerFault),
        };
        RequireOneOf(fields, "command", "file");
        if (fields.Has("pattern") && fields.Has("pointer"))
        {
            fields.FaultAt("pointer", "beside 'pattern', but only one of them can pick the value");
        }

        fields.Finish();
        return source;
    }

    private VolatileValue? ReadVolatile(LocatedValue value, string path)
    {
        if (ObjectFields.Open(value, path, problems) is not { } fields)
        {
            return null;
        }

        var found = new VolatileValue
        {
            JsonPointer = fields.Text("pointer", TypeWords.FindPointerFault),
            Key = fields.Text("key"),
            Pattern = fields.Text("pattern", TypeWords.FindPatternFault),
        };
        RequireOneOf(fields, "pointer", "key", "pattern");
        fields.Finish();
        return found;
    }

    private static void RequireOneOf(ObjectFields fields, params string[] names)
    {
        var given = Array.FindAll(names, fields.Has);
        if (given.Length == 0)
        {
            fields.Fault($"one of {string.Join(", ", names)} is missing");
        }
        else if (given.Length > 1)
        {
            fields.FaultAt(given[1], $"beside '{given[0]}', but only one of {string.Join(", ", names)} can be given");
        }
    }

    private static IReadOnlyList<int> ExitCodes(ObjectFields fields, string name) =>
        [.. fields.List(name, (element, path) => fields.WholeOf(element, path, 0, 255) is { } code ? (object)code : null).Cast<int>()];
}
