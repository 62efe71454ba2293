using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Collects what a verification finds, each thing once.</summary>
internal sealed class Damages
{
    private readonly List<Damage> found = [];
    private readonly HashSet<Damage> known = [];
    private readonly HashSet<string> blamed = [];
    private readonly Lock sync = new();

    public IReadOnlyList<Damage> Found
    {
        get
        {
            lock (sync)
            {
                return [.. found];
            }
        }
    }

    public void Add(string objectName, string reason) => Add(new Damage(objectName, null, null, null, reason));

    public void Add(ObjectDamagedException exception) => Add(exception.ObjectName, exception.Reason);

    public void Add(string objectName, BackupRecord record, string? path, string reason) => Add(new Damage(objectName, record.Device, record.Id, path, reason));

    public void Add(string objectName, string? device, string? backup, string reason) => Add(new Damage(objectName, device, backup, null, reason));

    /// <summary>Whether some row names the object.</summary>
    public bool Names(string objectName)
    {
        lock (sync)
        {
            return blamed.Contains(objectName);
        }
    }

    private void Add(Damage damage)
    {
        lock (sync)
        {
            if (known.Add(damage))
            {
                found.Add(damage);
                blamed.Add(damage.Object);
            }
        }
    }
}
