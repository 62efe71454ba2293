namespace EdgeBackup.Core.Repository.Stores;

/// <summary>A store that may hold remains of writers that died; they are never listed as objects.</summary>
public interface ILeftoverStore
{
    /// <summary>Removes what belongs to no living writer.</summary>
    /// <returns>How many were removed.</returns>
    Task<int> RemoveLeftoversAsync(CancellationToken cancellationToken);
}
