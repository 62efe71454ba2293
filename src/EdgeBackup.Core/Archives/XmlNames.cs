namespace EdgeBackup.Core.Archives;

/// <summary>The names in the XML files.</summary>
internal static class XmlNames
{
    public const string Events = "events";
    public const string Event = "event";
    public const string TrendLog = "trendLog";
    public const string Record = "record";
    public const string Device = "device";
    public const string Time = "time";
    public const string Category = "category";
    public const string Source = "source";
    public const string User = "user";
    public const string Message = "message";
    public const string Old = "old";
    public const string New = "new";
    public const string Id = "id";
    public const string Trend = "trend";
    public const string Sequence = "sequence";
    public const string Value = "value";
    public const string Status = "status";
    public const string Encoding = "encoding";
    public const string Base64 = "base64";
}
