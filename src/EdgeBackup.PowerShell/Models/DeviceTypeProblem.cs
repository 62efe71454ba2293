using System.Globalization;

namespace EdgeBackup;

/// <summary>What is wrong with a file of a device type.</summary>
public sealed class DeviceTypeProblem
{
    /// <summary>The line, from 1.</summary>
    public int Line { get; init; }

    /// <summary>The column, from 1.</summary>
    public int Column { get; init; }

    /// <summary>Where in the file: <c>items[2].kind</c>; empty for the whole.</summary>
    public required string Property { get; init; }

    /// <summary>What is wrong and what would be right.</summary>
    public required string Message { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}: {(Property.Length == 0 ? "" : Property + ": ")}{Message}");
}
