using System.Collections.Concurrent;
using EdgeBackup.Core.Platform;
using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>
/// The SQLite file of a catalog: opened, checked, and made anew where it is missing, damaged, of another version or of
/// another repository. One writing connection, used under a lock; a connection of its own for every streaming query.
/// </summary>
internal sealed class CatalogFile : IDisposable
{
    /// <summary>A collation that takes letters of all alphabets for the same in either case; SQLite's own knows ASCII only.</summary>
    public const string AnyCase = "edge_any_case";

    private const int Corrupt = 11;
    private const int NotADatabase = 26;
    private const int SqlError = 1;
    private const int IdleConnections = 8;

    private readonly string wantedPath;
    private readonly string repositoryId;
    private readonly IPlatform platform;
    private readonly SemaphoreSlim writeLock = new(1, 1);
    private readonly ConcurrentStack<CatalogConnection> idle = [];
    private volatile bool isDisposed;
    private string path;
    private SqliteConnection? writer;
    private string? writerFileId;
    private int generation;

    private CatalogFile(string path, string repositoryId, IPlatform platform)
    {
        wantedPath = path;
        this.path = path;
        this.repositoryId = repositoryId;
        this.platform = platform;
    }

    /// <summary>Counts how often the file was made anew; a query that began in an older generation starts over.</summary>
    public int Generation => Volatile.Read(ref generation);

    /// <summary>Opens or makes the catalog of a repository.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static CatalogFile Open(string path, string repositoryId, IPlatform platform)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            platform.RestrictToUser(folder);
        }

        var file = new CatalogFile(path, repositoryId, platform);
        try
        {
            file.OpenWriter();
        }
        catch (SqliteException exception) when (IsDamage(exception))
        {
            file.Recreate();
        }

        return file;
    }

    /// <summary>Whether an error means that the file is no good, as against busy or out of space.</summary>
    public static bool IsDamage(SqliteException exception) =>
        exception.SqliteErrorCode is Corrupt or NotADatabase or SqlError;

    /// <summary>Runs an action in one transaction on the writing connection.</summary>
    public async Task WriteAsync(Action<SqliteConnection, SqliteTransaction> action, CancellationToken cancellationToken)
    {
        await writeLock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Another process may have made the file anew: what is written to the old one, nobody would read.
            if (platform.Stat(path)?.FileId != writerFileId)
            {
                writer?.Dispose();
                OpenWriter();
                Interlocked.Increment(ref generation);
            }

            using var transaction = writer!.BeginTransaction();
            action(writer, transaction);
            transaction.Commit();
        }
        finally
        {
            writeLock.Release();
        }
    }

    /// <summary>A connection for one reader; the caller disposes what is returned.</summary>
    public CatalogConnection OpenReader()
    {
        // A file that another process has made anew has another identity: a connection to the old one reads what was.
        var fileId = platform.Stat(path)?.FileId;
        while (idle.TryPop(out var known))
        {
            if (fileId is not null && known.FileId == fileId)
            {
                return known;
            }

            known.Connection.Dispose();
        }

        return new CatalogConnection(this, Connect(), fileId);
    }

    /// <summary>What the file is now; another text when it was made anew.</summary>
    public string? Identity => platform.Stat(path)?.FileId;

    /// <summary>Takes back a connection: opening one costs as much as dozens of look-ups.</summary>
    internal void Return(CatalogConnection connection)
    {
        if (!isDisposed && connection.FileId is not null && idle.Count < IdleConnections)
        {
            idle.Push(connection);
            if (!isDisposed)
            {
                return;
            }
        }
        else
        {
            connection.Connection.Dispose();
            return;
        }

        CloseIdle();
    }

    /// <summary>Throws the file away and makes an empty one, unless somebody has since the given generation.</summary>
    public async Task RecreateAsync(int damagedGeneration, CancellationToken cancellationToken)
    {
        await writeLock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Generation == damagedGeneration)
            {
                Recreate();
            }
        }
        finally
        {
            writeLock.Release();
        }
    }

    public void Dispose()
    {
        isDisposed = true;
        CloseIdle();
        writer?.Dispose();
        writeLock.Dispose();
    }

    private void OpenWriter()
    {
        writer = Connect();
        using (var command = writer.CreateCommand())
        {
            command.CommandText = "SELECT count(*) FROM sqlite_master;";
            if ((long)command.ExecuteScalar()! == 0)
            {
                CatalogSchema.Create(writer, repositoryId);
                platform.RestrictToUser(path);
            }
        }

        if (CatalogSchema.Fits(writer, repositoryId))
        {
            writerFileId = platform.Stat(path)?.FileId;
        }
        else
        {
            Recreate();
        }
    }

    private void CloseIdle()
    {
        while (idle.TryPop(out var connection))
        {
            connection.Connection.Dispose();
        }
    }

    private void Recreate()
    {
        CloseIdle();
        writer?.Dispose();
        writer = null;
        try
        {
            foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"])
            {
                File.Delete(path + suffix);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Windows keeps a file that another process has open. A cache may as well stand beside it.
            path = $"{wantedPath}.{Environment.ProcessId}-{Generation}";
        }

        Interlocked.Increment(ref generation);
        writer = Connect();
        CatalogSchema.Create(writer, repositoryId);
        platform.RestrictToUser(path);
        writerFileId = platform.Stat(path)?.FileId;
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false,
            DefaultTimeout = 30,
        }.ToString());
        try
        {
            connection.Open();
            connection.CreateCollation(AnyCase, static (first, second) => string.Compare(first, second, StringComparison.OrdinalIgnoreCase));
            using var command = connection.CreateCommand();
            // A catalog that loses its last writes in a power failure reads them again: no need to wait for the disk.
            command.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 30000; PRAGMA temp_store = MEMORY;";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
