using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Items;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Restore;
using EdgeBackup.Simulator.Devices;

namespace EdgeBackup.Core.Tests.Operations.Groups;

/// <summary>A building server with a folder below it, and another one below that.</summary>
internal sealed class GroupBench : IAsyncDisposable
{
    private GroupBench(OperationsBench bench, SimulatedDevice server, string unit, string valve)
    {
        Bench = bench;
        Server = server;
        Unit = unit;
        Valve = valve;
    }

    public OperationsBench Bench { get; }

    public SimulatedDevice Server { get; }

    /// <summary>The folder of the device "unit", below the server "bms".</summary>
    public string Unit { get; }

    /// <summary>The folder of the device "valve", below "unit".</summary>
    public string Valve { get; }

    public static async Task<GroupBench> CreateAsync()
    {
        var bench = await OperationsBench.CreateAsync();
        var server = await bench.AddSimulatedAsync("bms", isBuilding: true);
        var unit = await bench.AddFolderAsync("unit", "unit=1\n");
        var valve = await bench.AddFolderAsync("valve", "valve=1\n");
        var change = new ChangeDevice(bench.Context, bench.Observer);
        await change.SetAsync("unit", new ChangeDeviceOptions { Parent = "bms" }, default);
        await change.SetAsync("valve", new ChangeDeviceOptions { Parent = "unit" }, default);
        return new GroupBench(bench, server, unit, valve);
    }

    public Task<List<TakeBackupOutcome>> TakeAsync(string? name = "before update", params string[] devices) => Bench.BackUpAsync(
        devices is [] ? ["bms"] : devices,
        new TakeBackupOptions { Kind = name is null ? BackupKind.Automatic : BackupKind.Manual, Name = name, IncludeChildren = true });

    public Task<List<ListedBackup>> ListAsync(string group, List<EdgeBackupException>? errors = null) =>
        Bench.ListAsync(new FindBackupsOptions { Groups = [group] }, errors);

    public async Task<List<EdgeBackupException>> ErrorsOfAsync(string group)
    {
        var errors = new List<EdgeBackupException>();
        await ListAsync(group, errors);
        return errors;
    }

    /// <summary>Restores a group as the command does.</summary>
    public async Task<(List<string> Restored, List<(string Device, Exception Error)> Errors)> RestoreAsync(
        string group, bool whatIf = false, RestoreContent content = RestoreContent.Configuration, Action<string>? onRestored = null, CancellationToken cancellationToken = default)
    {
        var options = new RestoreGroupOptions { Group = group, Content = content };
        var restored = new List<string>();
        var operation = new RestoreGroup(Bench.Context, Bench.Observer);
        var plan = await operation.FindAsync(options, default);
        plan = whatIf ? plan : await operation.CheckAsync(plan, options, default);
        var errors = plan.Members.Where(member => member.Fault is not null).Select(member => (member.Device, (Exception)member.Fault!)).ToList();
        await (whatIf
            ? operation.PreviewAsync(plan, options, preview => Note(preview.Target), OnErrorAsync, cancellationToken)
            : operation.RunAsync(plan, options, result => Note(result.Device), OnErrorAsync, cancellationToken));
        return (restored, errors);

        Task Note(string device)
        {
            restored.Add(device);
            onRestored?.Invoke(device);
            return Task.CompletedTask;
        }

        Task OnErrorAsync(string device, Exception error)
        {
            errors.Add((device, error));
            return Task.CompletedTask;
        }
    }

    public static void Set(string folder, string text) => File.WriteAllText(Path.Combine(folder, "setting.ini"), text);

    public static string Get(string folder) => File.ReadAllText(Path.Combine(folder, "setting.ini"));

    public ValueTask DisposeAsync() => Bench.DisposeAsync();
}
