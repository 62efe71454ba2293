using System.Globalization;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Repository.Stores;

/// <summary>
/// Files that are written whole under <c>tmp/</c> and then renamed to where they belong, so that nobody sees half of one.
/// Their names tell whose they are: what a dead process left is known as such.
/// </summary>
internal sealed class TemporaryFiles(string root, IPlatform platform, IStoreFiles files, StoreFolders folders)
{
    private const int NameParts = 5;
    private static readonly TimeSpan ForeignLeftoverAge = TimeSpan.FromDays(2);

    private readonly string folder = Path.Combine(root, "tmp");
    private readonly ProcessIdentity self = ProcessIdentity.Current();
    private readonly string writerId = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray().AsSpan(0, 6));
    private long count;

    /// <summary>Puts a file at a path; its folder's entry is not flushed.</summary>
    /// <param name="path">Where, in a folder that exists.</param>
    /// <param name="content">All its bytes.</param>
    /// <param name="flush">Whether they are on the disk before the file has its name.</param>
    /// <param name="overwrite">Whether it replaces what is there.</param>
    /// <returns>False: something is there, and was left as it is.</returns>
    public bool Place(string path, ReadOnlyMemory<byte> content, bool flush, bool overwrite)
    {
        var temporary = Write(content, flush);
        try
        {
            SharingRetry.Run(() => platform.Rename(temporary, path, overwrite));
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(path))
        {
            Remove(temporary);
            return false;
        }
        catch
        {
            Remove(temporary);
            throw;
        }
    }

    /// <summary>Removes what writers left that do not live any more.</summary>
    /// <returns>How many files.</returns>
    public int RemoveLeftovers(CancellationToken cancellationToken)
    {
        var place = new DirectoryInfo(folder);
        var removed = 0;
        foreach (var file in place.Exists ? place.EnumerateFiles() : [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (IsLeftover(file))
            {
                SharingRetry.Run(() => files.Delete(file.FullName));
                removed++;
            }
        }

        return removed;
    }

    private bool IsLeftover(FileInfo file)
    {
        var parts = file.Name.Split('.');
        if (parts.Length != NameParts || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            return false;
        }

        if (parts[0] != ProcessIdentity.Shorten(self.Scope))
        {
            // Removing the file of a living writer far away only fails that one write; nothing is lost by it.
            return DateTime.UtcNow - file.LastWriteTimeUtc > ForeignLeftoverAge;
        }

        return ProcessIdentity.ReadStart(pid) is not { } start || (start != ProcessIdentity.Unknown && ProcessIdentity.Shorten(start) != parts[2]);
    }

    private string Write(ReadOnlyMemory<byte> content, bool flush)
    {
        folders.Ensure(folder);
        var number = Interlocked.Increment(ref count);
        var path = Path.Combine(folder, string.Create(
            CultureInfo.InvariantCulture,
            $"{ProcessIdentity.Shorten(self.Scope)}.{self.Pid}.{ProcessIdentity.Shorten(self.Start)}.{writerId}.{number}"));
        try
        {
            files.Create(path, content.Span, flush);
        }
        catch
        {
            Remove(path);
            throw;
        }

        return path;
    }

    private void Remove(string path)
    {
        try
        {
            SharingRetry.Run(() => files.Delete(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Why it was not written is more to know than this; a leftover is removed by maintenance.
        }
    }
}
