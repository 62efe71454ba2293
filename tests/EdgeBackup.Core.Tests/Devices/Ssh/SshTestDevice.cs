using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Devices.Ssh;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Items;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>A folder behind a real sshd.</summary>
internal sealed class SshTestDevice : ITestDevice
{
    /// <summary>Says of the suite's items what <see cref="SetAsync"/> is told of them.</summary>
    private static readonly DeviceType Telling = new()
    {
        Id = "telling",
        Title = "Telling",
        Connections = [ConnectionKind.Ssh],
        Items =
        [
            new ItemRule { Path = "history/**", Kind = ItemKind.History },
            new ItemRule { Path = "values/live", Retain = RetainLevel.None },
            new ItemRule { Path = "values/warm", Retain = RetainLevel.Warm },
        ],
    };

    private readonly SshServer server;
    private DateTime written = DateTime.UtcNow.AddDays(-1);

    public SshTestDevice(SshServer server, DeviceSeed? seed = null)
    {
        seed ??= new DeviceSeed();
        this.server = server;
        Parent = server.NewFolder();
        Root = Path.Combine(Parent, "device");
        Directory.CreateDirectory(Root);
        Write("edge-device.json", RestoreTestTools.Bytes($$"""{"id":"{{seed.Id}}","version":"{{seed.Version}}"}"""));
        foreach (var (path, content) in seed.Items)
        {
            Write(path, content);
        }

        Programs.GiveTo(Root, SshUser.Current.Id);
    }

    public string Parent { get; }

    public string Root { get; }

    /// <summary>Changes the options of the connections.</summary>
    public Func<ConnectionOptions, ConnectionOptions> Change { get; init; } = options => options;

    public string KnownHosts { get; init; } = "known_hosts";

    public string IdentityPath => FolderDevice.IdentityFile;

    /// <summary>Whether the device is of a type that tells kinds and levels apart.</summary>
    public bool HasKindsAndLevels { get; init; }

    public bool HasHold => false;

    public bool HasStamps { get; init; } = true;

    public IDeviceConnection Connect() =>
        new SshDeviceConnection(Change(server.Options(Root) with { Definition = HasKindsAndLevels ? Telling : null }), TimeProvider.System, server.Settings(KnownHosts));

    public string At(string path) => Path.Combine(Root, path);

    /// <summary>Writes a file, with a time that no other writing gave.</summary>
    public void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), content);

        // Devices without fine times see a second writing within a second only by its time.
        written = written.AddSeconds(1);
        File.SetLastWriteTimeUtc(At(path), written);
    }

    public IEnumerable<string> Beside() =>
        Directory.EnumerateFileSystemEntries(Parent).Select(path => Path.GetFileName(path)).Where(name => name != "device").Order(StringComparer.Ordinal);

    public Task SetAsync(string path, byte[] content, ItemKind kind = ItemKind.Configuration, RetainLevel retain = RetainLevel.Cold)
    {
        Write(path, content);
        for (var part = path; part.Length > 0; part = Path.GetDirectoryName(part)!)
        {
            // Not all of them: a file that is given away has changed.
            Programs.Give(At(part), SshUser.Current.Id);
        }

        return Task.CompletedTask;
    }

    public Task RemoveAsync(string path)
    {
        File.Delete(At(path));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, byte[]>> ReadAllAsync() =>
        Task.FromResult<IReadOnlyDictionary<string, byte[]>>(Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(Root, path), Full: path))
            .Where(file => file.Path != FolderDevice.TransactionsFile)
            .ToDictionary(file => file.Path, file => File.ReadAllBytes(file.Full), StringComparer.Ordinal));

    public Task StartTransactionAsync() =>
        SetAsync(FolderDevice.TransactionsFile, """[{"id":"t-1","chargepoint":"cp-1","connector":1,"started":"2026-03-01T10:00:00Z"}]"""u8.ToArray());

    public Task EndTransactionAsync() => SetAsync(FolderDevice.TransactionsFile, "[]"u8.ToArray());

    public Task KillAsync(IRestoreSession session) => ((SshRestoreSession)session).KillAsync();

    public ValueTask DisposeAsync()
    {
        Programs.Run("rm", "-rf", Parent);
        return ValueTask.CompletedTask;
    }
}
