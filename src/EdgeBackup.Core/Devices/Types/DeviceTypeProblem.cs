using System.Globalization;

namespace EdgeBackup.Core.Devices.Types;

/// <summary>What is wrong with a device type's file.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Property">Where in the file, for instance <c>items[2].kind</c>; empty for the whole.</param>
/// <param name="Message">What is wrong with it and what would be right, without a full stop.</param>
public sealed record DeviceTypeProblem(int Line, int Column, string Property, string Message)
{
    /// <summary>For instance <c>14:15: items[2].kind: 'Config' is not one of Configuration, History, Identity</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Line}:{Column}: {(Property.Length == 0 ? "" : Property + ": ")}{Message}");
}

/// <summary>What came of reading a device type's file.</summary>
/// <param name="Type">Null exactly where there are problems.</param>
/// <param name="Problems">In the order of the file.</param>
public sealed record DeviceTypeReading(DeviceType? Type, IReadOnlyList<DeviceTypeProblem> Problems);
