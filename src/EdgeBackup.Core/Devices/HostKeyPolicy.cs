namespace EdgeBackup.Core.Devices;

/// <summary>What is done with a host key that this machine does not know (<c>ssh://</c>). A changed one is always refused.</summary>
public enum HostKeyPolicy
{
    /// <summary>Refuse it: the key must stand in a known_hosts file already.</summary>
    Strict,

    /// <summary>Take the first one on trust and write it into the user's known_hosts file.</summary>
    AcceptNew,
}
