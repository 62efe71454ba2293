namespace EdgeBackup.Core.Repository;

/// <summary>What a session has done so far.</summary>
/// <param name="BytesRead">Bytes of content read from devices.</param>
/// <param name="BytesAdded">Bytes of packs, index objects and records that were written.</param>
/// <param name="ChunksAdded">Chunks that were new.</param>
/// <param name="ChunksReused">Chunks that the repository held already.</param>
/// <param name="PacksWritten">Packs that were written.</param>
public sealed record WriteStatistics(long BytesRead, long BytesAdded, long ChunksAdded, long ChunksReused, int PacksWritten);
