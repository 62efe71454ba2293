using EdgeBackup.Core.Repository.Stores;
using Xunit;

namespace EdgeBackup.Core.Tests.Repository;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void Machines_of_one_name_are_told_apart()
    {
        var scope = ProcessIdentity.ToScope("edge", "machine one", "boot", "");
        Assert.Equal(scope, ProcessIdentity.ToScope("edge", "machine one", "boot", ""));
        Assert.NotEqual(scope, ProcessIdentity.ToScope("edge", "machine two", "boot", ""));
        Assert.NotEqual(scope, ProcessIdentity.ToScope("edge", "machine one", "later boot", ""));
        Assert.NotEqual(scope, ProcessIdentity.ToScope("edge", "machine one", "boot", "container"));
        Assert.StartsWith("edge ", scope, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_elsewhere_is_never_called_dead()
    {
        var self = ProcessIdentity.Current();
        Assert.Equal(ProcessState.Alive, self.Look());
        Assert.Equal(ProcessState.Dead, (self with { Pid = 99_999_999 }).Look());
        var twin = self with { Pid = 99_999_999, Scope = ProcessIdentity.ToScope(Environment.MachineName, "another machine", MachineIdentity.ReadBoot(), "") };
        Assert.Equal(ProcessState.Elsewhere, twin.Look());
    }

    [Fact]
    public void The_ids_of_a_machine_are_not_in_its_scope()
    {
        var scope = ProcessIdentity.Current().Scope;
        foreach (var id in new[] { MachineIdentity.ReadMachine(), MachineIdentity.ReadBoot() }.Where(id => id.Length > 0))
        {
            Assert.DoesNotContain(id, scope, StringComparison.Ordinal);
        }

        if (OperatingSystem.IsLinux())
        {
            Assert.NotEmpty(MachineIdentity.ReadBoot());
        }
    }
}
