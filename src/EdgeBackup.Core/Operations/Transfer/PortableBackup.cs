using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Operations.Transfer;

/// <summary>
/// The portable file of a backup (docs/format.md, Portable file): a ZIP archive with <c>backup.json</c>, <c>items.jsonl</c>
/// and the items' bytes as <c>data/1</c>, <c>data/2</c>, …, and at its end a <see cref="PortableSeal"/>. It is not encrypted, so that any repository can read it in.
/// </summary>
internal static class PortableBackup
{
    public const string Extension = ".edgebackup";
    public const string Format = "edgebackup-portable";
    public const int FormatVersion = 1;
    public const string HeaderEntry = "backup.json";
    public const string ItemsEntry = "items.jsonl";

    public static string DataEntry(int number) => $"data/{number}";
}

/// <summary><c>backup.json</c>.</summary>
internal sealed record PortableHeader
{
    public required string Format { get; init; }

    public required int FormatVersion { get; init; }

    public required BackupHeader Backup { get; init; }

    /// <summary>Lines of <c>items.jsonl</c>.</summary>
    public required int Items { get; init; }

    /// <summary>SHA-256 of <c>items.jsonl</c>, hex.</summary>
    public required string ItemsDigest { get; init; }

    /// <summary>The record's digest over the state of all items.</summary>
    public required string StateDigest { get; init; }
}

/// <summary>A line of <c>items.jsonl</c>.</summary>
/// <param name="Item">The item without its stamp, which means nothing elsewhere.</param>
/// <param name="Digest">SHA-256 of its bytes, hex; null for folders and links.</param>
/// <param name="Data">The number of its data entry; null for folders, links and empty files.</param>
internal sealed record PortableItem(Item Item, string? Digest, int? Data);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(PortableHeader))]
[JsonSerializable(typeof(PortableItem))]
internal sealed partial class PortableJson : JsonSerializerContext;
