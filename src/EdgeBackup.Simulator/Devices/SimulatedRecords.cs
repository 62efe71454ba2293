using System.Globalization;

namespace EdgeBackup.Simulator.Devices;

/// <summary>An entry of a simulated event log.</summary>
public sealed record SimulatedEvent(
    string Id, DateTimeOffset Time, string Category, string Source, string? User, string Message, string? Old, string? New);

/// <summary>One value of a simulated trend.</summary>
public sealed record SimulatedTrendRecord(long Seq, DateTimeOffset Time, double Value, string Status);

/// <summary>A simulated trend log.</summary>
public sealed record SimulatedTrend(string Id, string Name, string Unit, bool Extended, IReadOnlyList<SimulatedTrendRecord> Records);

/// <summary>A device below a simulated one.</summary>
public sealed record SimulatedChild(string Id, string Name, string Type, string Address);

/// <summary>What a page of records is cut from, and where it may begin.</summary>
internal static class RecordPages
{
    public const int LargestPage = 1000;

    /// <summary>Reads a cursor, the number of records that came before.</summary>
    /// <returns>Null when it is none.</returns>
    public static int? ReadCursor(string? after) =>
        string.IsNullOrEmpty(after) ? 0
        : after[0] == 'c' && int.TryParse(after.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;

    public static string Cursor(int number) => string.Create(CultureInfo.InvariantCulture, $"c{number}");
}
