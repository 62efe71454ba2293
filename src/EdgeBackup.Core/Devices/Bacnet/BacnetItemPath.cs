using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>
/// A configuration file's place in a backup, told by its item's path: <c>files/001-7.stream</c> is the first of
/// Configuration_Files, the File object 7, read as a stream. The digits are as many for all files of a device, so that the
/// ordinal order of paths is the order of the array, in which a restore writes them (ASHRAE 135, clause 19.1.3).
/// </summary>
/// <param name="Position">From 1 on.</param>
/// <param name="File">The File object's instance.</param>
/// <param name="Access">What the bytes are: the file's own, or records with their lengths (<see cref="RecordFraming"/>).</param>
public sealed partial record BacnetItemPath(int Position, uint File, BacnetFileAccess Access)
{
    private const int FewestDigits = 3;
    private const uint LargestInstance = 4_194_303;

    /// <summary>The path.</summary>
    /// <param name="count">How many files the device lists.</param>
    public string ToPath(int count)
    {
        var digits = Math.Max(FewestDigits, count.ToString(CultureInfo.InvariantCulture).Length);
        var position = Position.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
        return string.Create(CultureInfo.InvariantCulture, $"files/{position}-{File}.{(Access == BacnetFileAccess.Stream ? "stream" : "records")}");
    }

    /// <returns>Null for a path that no capture of a BACnet device gives.</returns>
    public static BacnetItemPath? TryParse(string path)
    {
        var match = Form().Match(path);
        return match.Success
            && int.TryParse(match.Groups["position"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            && position > 0
            && uint.TryParse(match.Groups["file"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var file)
            && file < LargestInstance
                ? new BacnetItemPath(position, file, match.Groups["access"].ValueSpan is "stream" ? BacnetFileAccess.Stream : BacnetFileAccess.Record)
                : null;
    }

    [GeneratedRegex(@"\Afiles/(?<position>[0-9]{3,9})-(?<file>0|[1-9][0-9]{0,6})\.(?<access>stream|records)\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
