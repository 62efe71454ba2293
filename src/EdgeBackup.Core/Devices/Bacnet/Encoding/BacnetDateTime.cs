namespace EdgeBackup.Core.Devices.Bacnet;

/// <summary>A date as it is sent; 255 in a part means "any" (clause 20.2.12).</summary>
/// <param name="Year">Years after 1900.</param>
/// <param name="Month">1 to 12; 13 and 14 are odd and even months.</param>
/// <param name="Day">1 to 31; 32 to 34 are last, odd and even days.</param>
/// <param name="Weekday">Monday is 1.</param>
public readonly record struct BacnetDate(byte Year, byte Month, byte Day, byte Weekday)
{
    public static BacnetDate Of(DateOnly date) =>
        new((byte)(date.Year - 1900), (byte)date.Month, (byte)date.Day, (byte)(date.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)date.DayOfWeek));

    /// <returns>Null where a part is left open or there is no such day.</returns>
    public DateOnly? ToDate() =>
        Year != 255 && Month is >= 1 and <= 12 && Day >= 1 && Day <= DateTime.DaysInMonth(1900 + Year, Month)
            ? new DateOnly(1900 + Year, Month, Day)
            : null;
}

/// <summary>A time of day as it is sent; 255 in a part means "any" (clause 20.2.13).</summary>
public readonly record struct BacnetTime(byte Hour, byte Minute, byte Second, byte Hundredths)
{
    public static BacnetTime Of(TimeOnly time) =>
        new((byte)time.Hour, (byte)time.Minute, (byte)time.Second, (byte)(time.Millisecond / 10));

    /// <returns>Null where a part is left open or out of range; open hundredths are taken for none.</returns>
    public TimeOnly? ToTime() =>
        Hour < 24 && Minute < 60 && Second < 60 && (Hundredths < 100 || Hundredths == 255)
            ? new TimeOnly(Hour, Minute, Second, Hundredths == 255 ? 0 : Hundredths * 10)
            : null;
}
