using System.Collections.Frozen;
using System.Globalization;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>The units that trend logs of buildings usually have (BACnetEngineeringUnits).</summary>
internal static class BacnetUnits
{
    private static readonly FrozenDictionary<uint, string> Symbols = new Dictionary<uint, string>
    {
        [2] = "mA",
        [3] = "A",
        [4] = "ohm",
        [5] = "V",
        [6] = "kV",
        [18] = "Wh",
        [19] = "kWh",
        [27] = "Hz",
        [29] = "%RH",
        [37] = "lx",
        [47] = "W",
        [48] = "kW",
        [53] = "Pa",
        [54] = "kPa",
        [55] = "bar",
        [62] = "°C",
        [63] = "K",
        [64] = "°F",
        [71] = "h",
        [72] = "min",
        [73] = "s",
        [87] = "L/s",
        [88] = "L/min",
        [96] = "ppm",
        [98] = "%",
        [135] = "m³/h",
    }.ToFrozenDictionary();

    /// <returns>Null for "no units"; the standard's number where there is no symbol here.</returns>
    public static string? Of(uint unit) =>
        unit == 95 ? null : Symbols.GetValueOrDefault(unit) ?? string.Create(CultureInfo.InvariantCulture, $"unit {unit}");
}
