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

    /// <summary>Reads a cursor: the number of records that came before, and which log it is of where that was begun anew.</summary>
    /// <returns>Null when it is none.</returns>
    public static (int Number, int Log)? ReadCursor(string? after)
    {
        if (string.IsNullOrEmpty(after))
        {
            return (0, 0);
        }

        var parts = after[1..].Split('-');
        return after[0] == 'c' && parts.Length is 1 or 2 && TryRead(parts[0], out var number) && TryRead(parts.Length == 2 ? parts[1] : "0", out var log) ? (number, log) : null;

        static bool TryRead(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    public static string Cursor(int number, int log) => string.Create(CultureInfo.InvariantCulture, $"c{number}{(log == 0 ? "" : $"-{log}")}");
}
