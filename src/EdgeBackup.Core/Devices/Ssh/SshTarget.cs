using EdgeBackup.Core.Platform;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Everything that a conversation with a device needs.</summary>
internal sealed record SshTarget(ConnectionOptions Options, SshSettings Settings, TimeProvider Clock, IRandomSource Random)
{
    public SshAddress Address { get; } = SshAddress.Of(Options.Address);

    public SshErrors Errors { get; } = new(Options, SshAddress.Of(Options.Address));
}
