namespace EdgeBackup.Core.Archives;

/// <summary>The columns of the CSV files.</summary>
internal static class CsvColumns
{
    public const int Time = 0;
    public const int Device = 1;

    public const int Category = 2;
    public const int Source = 3;
    public const int User = 4;
    public const int Message = 5;
    public const int Old = 6;
    public const int New = 7;
    public const int Id = 8;
    public const int EventColumns = 9;

    public const int Trend = 2;
    public const int Sequence = 3;
    public const int Value = 4;
    public const int Status = 5;
    public const int TrendColumns = 6;

    public static ReadOnlySpan<byte> EventHeader => "Time,Device,Category,Source,User,Message,Old,New,Id\n"u8;

    public static ReadOnlySpan<byte> TrendHeader => "Time,Device,Trend,Sequence,Value,Status\n"u8;
}
