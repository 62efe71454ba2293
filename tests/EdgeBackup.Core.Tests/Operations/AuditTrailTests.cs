using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations;
using EdgeBackup.Core.Operations.Transfer;
using EdgeBackup.Core.Records;
using EdgeBackup.Core.Repository;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations;

/// <summary>What somebody did cannot be made not to have been done, and says who, from where, and why.</summary>
public sealed class AuditTrailTests : IAsyncLifetime
{
    private OperationsBench bench = null!;

    public async Task InitializeAsync() => bench = await OperationsBench.CreateAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task An_event_says_who_did_it_from_where_with_which_command_and_why()
    {
        bench.Context.Act(new Deed { Domain = "CORP", Process = "pwsh (4711)", Command = "Set-EdgeDevice", Reason = "moved to the harbour" });
        await bench.AddFolderAsync("one");
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("one", new ChangeDeviceOptions { Site = "harbour" }, default);

        var changed = Assert.Single(await bench.EventsAsync("Changed"));
        Assert.Equal(("tester@bench", "CORP", "pwsh (4711)", "Set-EdgeDevice", "moved to the harbour"), (changed.Author, changed.Domain, changed.Process, changed.Command, changed.Reason));
        Assert.Equal("Of 'one' site (none) is now 'harbour'.", changed.Message);
        Assert.Equal("one", changed.Device);
        Assert.Single(await bench.EventsAsync("Registered"));
    }

    [Fact]
    public async Task Commands_that_run_beside_each_other_in_one_repository_keep_their_reasons_apart()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(async () =>
        {
            bench.Context.Act(new Deed { Reason = $"reason {number}" });
            await Task.Yield();
            await bench.Context.NoteAsync(bench.Observer, EdgeEventCategory.Device, "Tried", $"deed {number}", device: null);
        })));

        Assert.All(await bench.EventsAsync("Tried"), tried => Assert.Equal(tried.Message.Replace("deed", "reason", StringComparison.Ordinal), tried.Reason));
        Assert.Equal(8, (await bench.EventsAsync("Tried")).Count);
    }

    [Fact]
    public async Task A_changed_credential_is_an_event_that_does_not_tell_it()
    {
        await bench.AddFolderAsync("one");
        await new ChangeDevice(bench.Context, bench.Observer).SetAsync("one", new ChangeDeviceOptions { Credential = new DeviceCredential { Token = "s3cret-token" }, SkipContact = true }, default);

        Assert.Single(await bench.EventsAsync("CredentialChanged"));
        Assert.Empty(await bench.EventsAsync("Changed"));
        await foreach (var found in bench.Context.Catalog.QueryEventsAsync(new(), default))
        {
            Assert.DoesNotContain("s3cret", found.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_run_of_the_schedule_is_an_event_and_one_that_finds_nothing_to_do_is_none()
    {
        await bench.AddFolderAsync("one");
        await bench.RunScheduleAsync();
        await bench.RunScheduleAsync();

        Assert.Equal("1 devices were due: 1 backed up.", Assert.Single(await bench.EventsAsync("ScheduleRun")).Message);
    }

    [Fact]
    public async Task What_is_written_out_of_the_repository_is_an_event()
    {
        await bench.AddFolderAsync("one");
        var backup = await bench.AutomaticAsync("one");
        await new ExportBackup(bench.Context, bench.Observer).RunAsync(backup.Backup, bench.Path("one.edgebackup"), default);

        Assert.Equal("one", Assert.Single(await bench.EventsAsync("Exported")).Device);
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("alter")]
    [InlineData("exchange")]
    public async Task An_event_that_somebody_has_tampered_with_is_noticed(string how)
    {
        await bench.AddFolderAsync("one");
        await bench.AddFolderAsync("two");
        Assert.Empty(await bench.Context.Catalog.FindMissingEventsAsync(default));
        var (first, second) = (File("events/", 0), File("events/", 1));
        Tamper(how, first, second);

        // Whoever has read it has it as it was, and misses it only when it is gone; whoever sees the repository for the first time cannot read it.
        var stranger = await bench.OpenAsync("stranger");
        var holes = how == "exchange" ? 2 : 1;
        Assert.Equal(how == "delete" ? 1 : 0, (await bench.Context.Catalog.FindMissingEventsAsync(default)).Count(problem => problem.ErrorId == ErrorIds.RepositoryDamaged));
        Assert.Equal(holes, (await stranger.Catalog.FindMissingEventsAsync(default)).Count(problem => problem.ErrorId == ErrorIds.RepositoryDamaged));

        var report = await stranger.Repository.VerifyAsync(new VerifyOptions(ReadData: false), progress: null, default);
        Assert.Equal(holes, report.Damage.Count(damage => damage.Object.StartsWith("events/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_lost_event_keeps_no_device_from_being_listed()
    {
        await bench.AddFolderAsync("one");
        await bench.Context.Catalog.FindMissingEventsAsync(default);
        System.IO.File.Delete(File("events/", 0));

        Assert.Equal("one", (await bench.DeviceAsync("one")).Device.Id);
    }

    private static void Tamper(string how, string first, string second)
    {
        switch (how)
        {
            case "delete":
                System.IO.File.Delete(first);
                break;
            case "alter":
                var bytes = System.IO.File.ReadAllBytes(first);
                bytes[^1] ^= 1;
                Write(first, bytes);
                break;
            default:
                var (one, other) = (System.IO.File.ReadAllBytes(first), System.IO.File.ReadAllBytes(second));
                Write(first, other);
                Write(second, one);
                break;
        }
    }

    /// <summary>As somebody else would: the folder changes, not only the file.</summary>
    private static void Write(string path, byte[] bytes)
    {
        System.IO.File.Delete(path);
        System.IO.File.WriteAllBytes(path, bytes);
    }

    private string File(string prefix, int index) => Path.Combine(bench.RepositoryFolder, bench.Objects(prefix)[index]);
}
