using System.Net;
using EdgeBackup.Core.Devices.Bacnet;
using Xunit;

namespace EdgeBackup.Core.Tests.Devices.Bacnet.Procedure;

public sealed class BacnetProcedureLocksTests
{
    private static readonly IPEndPoint Router = new(IPAddress.Parse("10.0.0.1"), 47808);
    private static readonly IPEndPoint Other = new(IPAddress.Parse("10.0.0.2"), 47808);

    [Fact]
    public async Task One_procedure_runs_at_an_address_and_others_elsewhere()
    {
        var locks = new BacnetProcedureLocks();
        var first = await locks.EnterAsync(Router, CancellationToken.None);
        var second = locks.EnterAsync(new IPEndPoint(Router.Address, Router.Port), CancellationToken.None);
        await using var elsewhere = await locks.EnterAsync(Other, CancellationToken.None);

        Assert.False(second.IsCompleted);
        await first.DisposeAsync();
        await first.DisposeAsync();
        await (await second).DisposeAsync();
    }

    [Fact]
    public async Task Whoever_waits_can_give_up()
    {
        var locks = new BacnetProcedureLocks();
        using var cancellation = new CancellationTokenSource();
        var first = await locks.EnterAsync(Router, CancellationToken.None);
        var second = locks.EnterAsync(Router, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await first.DisposeAsync();
        await (await locks.EnterAsync(Router, CancellationToken.None)).DisposeAsync();
    }
}
