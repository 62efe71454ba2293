using System.Text;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Folder;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Tests.Devices.Folder;

/// <summary>A clock that runs ahead, so that files made just now are old enough for a stamp.</summary>
internal sealed class ShiftedTime(TimeSpan ahead) : TimeProvider
{
    public TimeSpan Ahead { get; set; } = ahead;

    /// <summary>Sets off the timers that are made from now on; null: the system does.</summary>
    public TimeProvider? Timers { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Timers is { } timers ? timers.CreateTimer(callback, state, dueTime, period) : base.CreateTimer(callback, state, dueTime, period);
}

/// <summary>A platform that can be told what it cannot do.</summary>
internal sealed class LimitedPlatform : IPlatform
{
    private readonly IPlatform system = SystemPlatform.Create();

    public bool CanExchange { get; init; } = true;

    public bool CanLink { get; init; } = true;

    public bool HasFileIds { get; init; } = true;

    public bool HasWindowsNames { get; init; }

    /// <summary>The name of a folder that is on a volume of its own.</summary>
    public string? MountedName { get; init; }

    /// <summary>Called with the path of everything that is looked at.</summary>
    public Action<string>? OnStat { get; set; }

    public FileEntry? Stat(string path)
    {
        OnStat?.Invoke(path);
        return system.Stat(path) is { } entry
            ? entry with { FileId = !HasFileIds ? null : Path.GetFileName(path) == MountedName ? "other-volume:1" : entry.FileId }
            : null;
    }

    public void FlushDirectory(string path) => system.FlushDirectory(path);

    public void Rename(string existing, string newPath, bool overwrite) => system.Rename(existing, newPath, overwrite);

    public bool TryExchange(string first, string second) => CanExchange && system.TryExchange(first, second);

    public bool TryCreateHardLink(string existing, string newPath) => CanLink && system.TryCreateHardLink(existing, newPath);

    public void RestrictToUser(string path) => system.RestrictToUser(path);
}

/// <summary>A real folder in a temp folder of its own.</summary>
internal sealed class FolderTestDevice : ITestDevice
{
    public FolderTestDevice(DeviceSeed? seed = null)
    {
        seed ??= new DeviceSeed();
        Parent = Directory.CreateTempSubdirectory("edgebackup-").FullName;
        Root = Path.Combine(Parent, "device");
        Directory.CreateDirectory(Root);
        Write("edge-device.json", $$"""{"id":"{{seed.Id}}","version":"{{seed.Version}}"}""");
        foreach (var (path, content) in seed.Items)
        {
            Write(path, content);
        }
    }

    public string Parent { get; }

    public string Root { get; }

    public IPlatform Platform { get; init; } = SystemPlatform.Create();

    public ShiftedTime Time { get; } = new(TimeSpan.FromHours(1));

    public Action<string>? OnSwapStep { get; set; }

    public ConnectionOptions Options { get; init; } = new() { Address = new DeviceAddress(ConnectionKind.Folder, "replaced") };

    public string IdentityPath => FolderDevice.IdentityFile;

    public bool HasKindsAndLevels => false;

    public bool HasHold => false;

    public IDeviceConnection Connect() =>
        new FolderDeviceConnection(Options with { Address = new DeviceAddress(ConnectionKind.Folder, Root) }, Platform, Time) { OnSwapStep = OnSwapStep };

    public string At(string path) => Path.Combine(Root, path);

    public void Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    public void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), content);
    }

    public string Read(string path) => File.ReadAllText(At(path));

    /// <summary>The names of what stands beside the device's folder.</summary>
    public IEnumerable<string> Beside() =>
        Directory.EnumerateFileSystemEntries(Parent).Select(path => Path.GetFileName(path)).Where(name => name != "device").Order(StringComparer.Ordinal);

    public Task SetAsync(string path, byte[] content, ItemKind kind = ItemKind.Configuration, RetainLevel retain = RetainLevel.Cold)
    {
        Write(path, content);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(string path)
    {
        File.Delete(At(path));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyDictionary<string, byte[]>> ReadAllAsync() =>
        Task.FromResult<IReadOnlyDictionary<string, byte[]>>(Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(path => (Path: Path.GetRelativePath(Root, path).Replace('\\', '/'), Full: path))
            .Where(file => file.Path != FolderDevice.TransactionsFile)
            .ToDictionary(file => file.Path, file => File.ReadAllBytes(file.Full), StringComparer.Ordinal));

    public Task StartTransactionAsync()
    {
        Write(FolderDevice.TransactionsFile, """[{"id":"t-1","chargepoint":"cp-1","connector":1,"started":"2026-03-01T10:00:00Z"}]""");
        return Task.CompletedTask;
    }

    public Task EndTransactionAsync()
    {
        Write(FolderDevice.TransactionsFile, "[]");
        return Task.CompletedTask;
    }

    public Task KillAsync(IRestoreSession session) => ((FolderRestoreSession)session).ReleaseLockAsync().AsTask();

    public ValueTask DisposeAsync()
    {
        FolderRemoval.RemoveTree(Parent, Parent + "-none", SystemPlatform.Create());
        return ValueTask.CompletedTask;
    }
}
