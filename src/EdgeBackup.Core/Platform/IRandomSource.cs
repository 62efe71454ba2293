using System.Security.Cryptography;

namespace EdgeBackup.Core.Platform;

/// <summary>Where salts, keys and ids come from; replaced in tests that need the same bytes twice.</summary>
public interface IRandomSource
{
    /// <summary>Fills the buffer with unpredictable bytes.</summary>
    void Fill(Span<byte> buffer);
}

/// <summary>The operating system's generator.</summary>
public sealed class SystemRandom : IRandomSource
{
    public void Fill(Span<byte> buffer) => RandomNumberGenerator.Fill(buffer);
}
