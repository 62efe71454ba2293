using Microsoft.Data.Sqlite;

namespace EdgeBackup.Core.Catalog;

/// <summary>A connection that is one reader's until it is disposed, and then the next one's.</summary>
/// <param name="file">Takes it back.</param>
/// <param name="connection">Open.</param>
/// <param name="fileId">Of the file that it was opened on; null where the system has no such thing.</param>
internal sealed class CatalogConnection(CatalogFile file, SqliteConnection connection, string? fileId) : IDisposable
{
    public SqliteConnection Connection => connection;

    public string? FileId => fileId;

    public void Dispose() => file.Return(this);
}
