using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Inventory;
using EdgeBackup.Core.Records;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>Many rows at once, and what a registration says of secrets.</summary>
public sealed class InventoryTests
{
    [Fact]
    public async Task As_many_devices_are_asked_at_once_as_may_be_and_written_one_at_a_time()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var together = new TaskCompletionSource();
        var (asking, most, writing) = (0, 0, 0);
        var gate = new Lock();
        var done = new List<int>();
        var run = new InventoryRun<int, int>(
            bench.Context,
            async (row, _) =>
            {
                lock (gate)
                {
                    most = Math.Max(most, ++asking);

                    // Nobody goes on before four are here: it ends only when they are asked side by side.
                    if (asking == 4)
                    {
                        together.TrySetResult();
                    }
                }

                await together.Task;
                lock (gate)
                {
                    asking--;
                }

                return row;
            },
            async (row, _) =>
            {
                Assert.Equal(1, Interlocked.Increment(ref writing));
                await Task.Yield();
                Interlocked.Decrement(ref writing);
                return $"d{row}";
            },
            (row, id, error) =>
            {
                Assert.Equal(($"d{row}", null), (id, error));
                done.Add(row);
                return Task.CompletedTask;
            });
        await run.RunAsync([.. Enumerable.Range(0, 40)], throttleLimit: 4, default);
        Assert.Equal(Enumerable.Range(0, 40), done.Order());
        Assert.Equal(4, most);
    }

    [Fact]
    public async Task One_row_fails_for_itself_and_a_repository_that_fails_ends_the_run()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var errors = new List<(int Row, string Id)>();
        InventoryRun<int, int> Run(string fault) => new(
            bench.Context,
            (row, _) => row == 2 ? throw new EdgeBackupException(fault, "It failed.", "x") : Task.FromResult(row),
            (row, _) => Task.FromResult($"d{row}"),
            (row, _, error) =>
            {
                if (error is EdgeBackupException known)
                {
                    errors.Add((row, known.ErrorId));
                }

                return Task.CompletedTask;
            });
        await Run(ErrorIds.DeviceUnreachable).RunAsync([1, 2, 3], 1, default);
        Assert.Equal([(2, ErrorIds.DeviceUnreachable)], errors);
        var ended = await Assert.ThrowsAsync<EdgeBackupException>(() => Run(ErrorIds.RepositoryNotWritable).RunAsync([1, 2, 3], 1, default));
        Assert.Equal(ErrorIds.RepositoryNotWritable, ended.ErrorId);
    }

    [Fact]
    public async Task A_row_waits_for_those_it_needs_however_deep_and_a_ring_is_told_for_each()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var rows = Enumerable.Range(0, 12).Reverse().Select(number => (Id: $"d{number:00}", Parent: number == 0 ? null : $"d{number - 1:00}"))
            .Concat([(Id: "r1", Parent: "r2"), (Id: "r2", Parent: "r1")]).ToList();
        var register = new RegisterDevice(bench.Context, bench.Observer);
        var failed = new List<string>();
        var run = new InventoryRun<(string Id, string? Parent), IdentifiedDevice>(
            bench.Context,
            (row, token) => register.IdentifyAsync(new RegisterDeviceOptions { Address = new DeviceAddress(ConnectionKind.Folder, bench.MakeFolder(row.Id)), Parent = row.Parent }, token),
            register.WriteAsync,
            (row, _, error) =>
            {
                if (error is not null)
                {
                    failed.Add($"{row.Id} {((EdgeBackupException)error).ErrorId}");
                }

                return Task.CompletedTask;
            });
        await run.RunAsync(rows, 3, default);
        Assert.Equal(["r1 DeviceNotFound", "r2 DeviceNotFound"], failed.Order());
        Assert.Equal("d10", (await bench.DeviceAsync("d11")).Device.Parent);
    }

    [Fact]
    public async Task A_secret_is_fetched_for_each_contact_and_never_written()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var device = await bench.AddSimulatedAsync("k", register: false);
        device.RequiredToken = "geheim-17";
        var source = new NamedSecrets("geheim-17");
        var context = bench.Context.WithSecrets(source);
        var options = new RegisterDeviceOptions
        {
            Address = DeviceAddress.Parse(device.Address.AbsoluteUri, bench.RepositoryFolder),
            Secret = new DeviceSecretName(DeviceSecretKind.Token, "fleet", "v"),
        };
        await new RegisterDevice(context, bench.Observer).RunAsync(options, default);
        Assert.NotNull((await bench.BackUpAsync(["k"], context: context)).Single().Backup);
        Assert.Equal([("fleet", device.Address.AbsoluteUri), ("fleet", "k")], source.Asked);
        var known = (await bench.DeviceAsync("k")).Device.Registration!;
        Assert.Equal((new DeviceSecretName(DeviceSecretKind.Token, "fleet", "v"), null), (known.Secret, known.Credential));

        // Who has nobody to fetch it is told so, and nothing is sent without it.
        var error = (await bench.BackUpAsync(["k"])).Single().Error;
        Assert.Equal(ErrorIds.DeviceSecretUnavailable, Assert.IsType<EdgeBackupException>(error).ErrorId);
    }

    [Fact]
    public async Task A_change_that_changes_nothing_writes_nothing_and_one_of_the_credential_is_an_event()
    {
        await using var bench = await OperationsBench.CreateAsync();
        await bench.AddFolderAsync("k", tags: ["a", "b"]);
        var change = new ChangeDevice(bench.Context, bench.Observer);
        var before = bench.Objects();
        var same = new ChangeDeviceOptions { Tags = ["a", "b"], Name = "", Version = "1.0", Address = DeviceAddress.Parse((await bench.DeviceAsync("k")).Device.Address, "/") };
        Assert.False(await change.SetAsync("k", same, default));
        Assert.Equal(before, bench.Objects());
        Assert.True(await change.SetAsync("k", same with { Tags = ["b", "a"] }, default));

        await change.SetAsync("k", new ChangeDeviceOptions { Credential = new DeviceCredential { UserName = "u", Password = "secret-1" }, SkipContact = true }, default);
        await change.SetAsync("k", new ChangeDeviceOptions { Credential = new DeviceCredential { UserName = "u", Password = "secret-2" } }, default);
        await change.SetAsync("k", new ChangeDeviceOptions { Credential = new DeviceCredential { UserName = "u", Password = "secret-2" } }, default);
        var events = await bench.EventsAsync("CredentialChanged");
        Assert.Equal(["not tried", "accepted"], events.Select(found => found.Message.Contains("not tried", StringComparison.Ordinal) ? "not tried" : "accepted"));
        Assert.DoesNotContain(events, found => found.Message.Contains("secret-", StringComparison.Ordinal));
        Assert.Equal("secret-2", (await bench.Context.Devices.GetAsync("k", default)).Registration!.Credential!.Password);
    }

    [Theory]
    [InlineData("http://192.0.2.1/", "a token")]
    [InlineData("http://192.0.2.1/", "a secret")]
    [InlineData("https://192.0.2.1/", "a bad token")]
    [InlineData("folder", "a secret")]
    public async Task What_registering_refuses_without_a_contact_a_change_refuses_too(string address, string given)
    {
        await using var bench = await OperationsBench.CreateAsync();
        var credential = given == "a secret" ? null : new DeviceCredential { Token = given == "a bad token" ? "two words" : "token" };
        var secret = given == "a secret" ? new DeviceSecretName(DeviceSecretKind.Token, "fleet", null) : null;
        var options = new RegisterDeviceOptions { Address = DeviceAddress.Parse(address == "folder" ? bench.MakeFolder("k") : address, "/"), Id = "k", Type = address == "folder" ? "kiosk" : "edge-controller", SkipContact = true };
        var register = new RegisterDevice(bench.Context, bench.Observer);
        var refused = await Assert.ThrowsAsync<EdgeBackupException>(() => register.RunAsync(options with { Credential = credential, Secret = secret }, default));

        await register.RunAsync(options, default);
        var change = new ChangeDevice(bench.Context, bench.Observer);
        var before = bench.Objects();
        var again = await Assert.ThrowsAsync<EdgeBackupException>(() => change.SetAsync("k", new ChangeDeviceOptions { Credential = credential, Secret = secret, SkipContact = true }, default));
        Assert.Equal(refused.ErrorId, again.ErrorId);
        Assert.Equal(before, bench.Objects());
    }

    [Fact]
    public async Task A_credential_that_may_no_longer_be_sent_is_told_when_the_change_is_made()
    {
        await using var bench = await OperationsBench.CreateAsync();
        var options = new RegisterDeviceOptions
        {
            Address = DeviceAddress.Parse("http://192.0.2.1/", "/"), Id = "k", Type = "edge-controller", SkipContact = true,
            Credential = new DeviceCredential { Token = "token" }, AllowUnencryptedAuthentication = true,
        };
        await new RegisterDevice(bench.Context, bench.Observer).RunAsync(options, default);
        var change = new ChangeDevice(bench.Context, bench.Observer);
        foreach (var wanted in new ChangeDeviceOptions[]
        {
            new() { AllowUnencryptedAuthentication = false },
            new() { AllowUnencryptedAuthentication = false, SkipContact = true },
            new() { AllowUnencryptedAuthentication = false, Address = DeviceAddress.Parse("http://192.0.2.2/", "/"), SkipContact = true },
        })
        {
            var error = await Assert.ThrowsAsync<EdgeBackupException>(() => change.SetAsync("k", wanted, default));
            Assert.Equal(ErrorIds.DeviceAuthenticationFailed, error.ErrorId);
        }

        // With https:// at once it is right, and what has nothing to do with it is not asked.
        Assert.True(await change.SetAsync("k", new ChangeDeviceOptions { Site = "north" }, default));
        Assert.True(await change.SetAsync("k", new ChangeDeviceOptions { AllowUnencryptedAuthentication = false, Address = DeviceAddress.Parse("https://192.0.2.1/", "/"), SkipContact = true }, default));
    }

    private sealed class NamedSecrets(string token) : ISecretSource
    {
        public List<(string Name, string Device)> Asked { get; } = [];

        public Task<DeviceCredential> GetAsync(DeviceSecretName secret, string device, CancellationToken cancellationToken)
        {
            Asked.Add((secret.Name, device));
            return Task.FromResult(new DeviceCredential { Token = token });
        }
    }
}
