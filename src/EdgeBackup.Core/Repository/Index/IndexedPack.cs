namespace EdgeBackup.Core.Repository.Index;

/// <summary>A pack as an index object tells of it, its entries still in the object's own bytes.</summary>
/// <param name="Hash">64 hex digits: the SHA-256 of the pack's bytes.</param>
/// <param name="Length">Bytes of the pack.</param>
/// <param name="Entries">Checked entries of <see cref="Packs.PackFormat.EntrySize"/> bytes each.</param>
internal readonly record struct IndexedPack(string Hash, int Length, ReadOnlyMemory<byte> Entries);
