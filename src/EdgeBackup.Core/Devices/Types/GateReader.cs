using System.Globalization;
using System.Text.Json;
using EdgeBackup.Core.Devices.Gate;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>Judges what a gate's command told (R2): only what is plainly idle is idle.</summary>
public static class GateReader
{
    /// <summary>The decision.</summary>
    /// <param name="rules">The type's.</param>
    /// <param name="exitCode">Of the command; null where it did not end in time or could not be run.</param>
    /// <param name="output">Its standard output.</param>
    public static GateReading Read(GateRules rules, int? exitCode, string output)
    {
        if (exitCode is not { } code)
        {
            return Unknown("the command that tells whether something runs on the device did not end in time");
        }

        if (rules.BusyExitCodes.Contains(code))
        {
            return Busy(rules);
        }

        if (!rules.IdleExitCodes.Contains(code))
        {
            return Unknown(string.Create(CultureInfo.InvariantCulture, $"the command that tells whether something runs on the device failed with exit code {code}"));
        }

        if (rules.BusyPattern is { } busy && TypePattern.IsMatch(busy, output))
        {
            return Busy(rules);
        }

        if (rules.JsonPointer is { } place && ReadJson(rules, place, output) is { State: not GateState.Idle } reading)
        {
            return reading;
        }

        return rules.IdlePattern is { } idle && !TypePattern.IsMatch(idle, output)
            ? Unknown("the command that tells whether something runs on the device answered something else than expected")
            : new GateReading(GateState.Idle, Reason: null);
    }

    private static GateReading ReadJson(GateRules rules, string place, string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            if (JsonPath.Find(document.RootElement, place) is not { } elements)
            {
                return Unknown($"the answer about what runs on the device has nothing at {place}");
            }

            var values = elements.Select(JsonPath.ScalarText).ToArray();
            if (values.Any(value => value is not null && rules.BusyValues.Contains(value, StringComparer.Ordinal)))
            {
                return Busy(rules);
            }

            return values.FirstOrDefault(value => value is null || !rules.IdleValues.Contains(value, StringComparer.Ordinal)) is { } other
                ? Unknown($"the answer about what runs on the device has the unknown value '{other}' at {place}")
                : Array.Exists(values, value => value is null)
                    ? Unknown($"the answer about what runs on the device has no single value at {place}")
                    : new GateReading(GateState.Idle, Reason: null);
        }
        catch (JsonException)
        {
            return Unknown("the answer about what runs on the device is not JSON");
        }
    }

    private static GateReading Busy(GateRules rules) => new(GateState.Busy, rules.What ?? "something runs on the device");

    private static GateReading Unknown(string reason) => new(GateState.Unknown, reason);
}
