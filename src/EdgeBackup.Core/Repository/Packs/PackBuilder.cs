using System.Security.Cryptography;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository.Chunks;
using EdgeBackup.Core.Repository.Keys;
using EdgeBackup.Core.Repository.Recovery;

namespace EdgeBackup.Core.Repository.Packs;

/// <summary>Builds a pack in memory, in a buffer that is used again for the next.</summary>
/// <param name="repository">Tells the packs' version and the share of recovery data.</param>
internal sealed class PackBuilder(RepositoryHeader repository) : IDisposable
{
    public const int TargetSize = 8 * 1024 * 1024;

    /// <summary>Keeps the directory of a pack of tiny chunks small.</summary>
    private const int MaximumEntries = 32 * 1024;
    private const int FirstBuffer = 1024 * 1024;
    private const int FullBuffer = TargetSize + (4 * Chunker.MaximumSize);

    private readonly List<PackEntry> entries = [];
    private byte[] buffer = new byte[FirstBuffer];
    private int length;
    private AesGcm? cipher;

    public bool IsFull => length >= TargetSize || entries.Count >= MaximumEntries;

    public IReadOnlyList<PackEntry> Entries => entries;

    public void Begin(MasterKey master, IRandomSource random)
    {
        entries.Clear();
        Span<byte> salt = stackalloc byte[PackFormat.SaltSize];
        random.Fill(salt);
        PackFormat.WriteHeader(buffer, version: (byte)repository.FormatVersion, salt);
        length = PackFormat.HeaderSize;
        cipher?.Dispose();
        cipher = new AesGcm(master.ToPackKey(salt), PackFormat.TagSize);
    }

    public void Append(ChunkId id, int rawLength, byte codec, ReadOnlySpan<byte> stored)
    {
        Reserve(stored.Length + PackFormat.TagSize);
        Span<byte> nonce = stackalloc byte[PackFormat.NonceSize];
        Span<byte> data = stackalloc byte[PackFormat.ChunkDataSize];
        PackFormat.WriteNonce(nonce, length);
        PackFormat.WriteChunkData(data, id, rawLength, codec);
        cipher!.Encrypt(nonce, stored, buffer.AsSpan(length, stored.Length), buffer.AsSpan(length + stored.Length, PackFormat.TagSize), data);
        entries.Add(new PackEntry(id, length, stored.Length + PackFormat.TagSize, rawLength, codec));
        length += stored.Length + PackFormat.TagSize;
    }

    /// <summary>Adds the directory, the trailer and the recovery section.</summary>
    /// <returns>The whole pack; valid until <see cref="Begin"/>.</returns>
    public ReadOnlyMemory<byte> Finish()
    {
        var plain = new byte[entries.Count * PackFormat.EntrySize];
        for (var index = 0; index < entries.Count; index++)
        {
            PackFormat.WriteEntry(plain.AsSpan(index * PackFormat.EntrySize), entries[index]);
        }

        Reserve(plain.Length + PackFormat.TagSize + PackFormat.TrailerSize);
        Span<byte> trailer = stackalloc byte[PackFormat.TrailerSize];
        PackFormat.WriteTrailer(trailer, plain.Length + PackFormat.TagSize, entries.Count);
        Span<byte> nonce = stackalloc byte[PackFormat.NonceSize];
        PackFormat.WriteDirectoryNonce(nonce);
        cipher!.Encrypt(
            nonce,
            plain,
            buffer.AsSpan(length, plain.Length),
            buffer.AsSpan(length + plain.Length, PackFormat.TagSize),
            PackFormat.DirectoryData(buffer, trailer));
        length += plain.Length + PackFormat.TagSize;
        trailer.CopyTo(buffer.AsSpan(length));
        length += PackFormat.TrailerSize;
        if (repository.RedundancyPercent > 0)
        {
            var geometry = RecoveryGeometry.For(length, repository.RedundancyPercent);
            Reserve(geometry.TotalLength - length);
            length = geometry.TotalLength;
            RecoverySection.Write(buffer.AsSpan(0, length), geometry);
        }

        return buffer.AsMemory(0, length);
    }

    public void Dispose() => cipher?.Dispose();

    private void Reserve(int count)
    {
        if (length + count > buffer.Length)
        {
            // One step from a small session's pack to a full one, with room for one more chunk and a usual directory
            // above the target: each step in between would leave megabytes to a collector that does not hurry.
            Array.Resize(ref buffer, Math.Max(FullBuffer, length + count));
        }
    }
}
