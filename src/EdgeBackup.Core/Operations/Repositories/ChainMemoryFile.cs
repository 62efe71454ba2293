using System.Globalization;
using EdgeBackup.Core.Platform;
using EdgeBackup.Core.Repository;

namespace EdgeBackup.Core.Operations.Repositories;

/// <summary>
/// Remembers the newest state of each repository in a file of this user's. Where that cannot be read or written, a store
/// that was taken back is not noticed; nothing else suffers.
/// </summary>
public sealed class ChainMemoryFile : IChainMemory
{
    private const string Prefix = "edgebackup-chain-1";
    private const int HashDigits = 64;

    private readonly RepositoryLocations locations;
    private readonly IPlatform platform;

    public ChainMemoryFile(RepositoryLocations locations, IPlatform platform)
    {
        this.locations = locations;
        this.platform = platform;
    }

    public ChainPosition? Read(string repositoryId)
    {
        try
        {
            var path = locations.ChainMemory(repositoryId);
            return File.Exists(path)
                && File.ReadAllText(path).TrimEnd().Split(':') is [Prefix, var number, { Length: HashDigits } hash]
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
                && sequence > 0 && hash.All(char.IsAsciiHexDigitLower)
                ? new ChainPosition(sequence, hash)
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Write(string repositoryId, ChainPosition position)
    {
        var path = locations.ChainMemory(repositoryId);
        var temporary = path + "." + Guid.NewGuid().ToString("N");
        try
        {
            var folder = Path.GetDirectoryName(path)!;
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                platform.RestrictToUser(folder);
            }

            File.WriteAllText(temporary, string.Create(CultureInfo.InvariantCulture, $"{Prefix}:{position.Sequence}:{position.Hash}\n"));
            platform.Rename(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Remove(temporary);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The folder cannot be written: then there is nothing to remove either.
        }
    }
}
