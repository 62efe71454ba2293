namespace EdgeBackup.Core.Records;

/// <summary>Says what has changed in a registration, without any secret.</summary>
internal static class RegistrationChange
{
    /// <summary>What is different, for people; empty when nothing but the credential is.</summary>
    public static string Describe(DeviceRegistration old, DeviceRegistration now)
    {
        var changes = new List<string>();
        Add("address", old.Address, now.Address);
        Add("name", old.Name, now.Name);
        Add("type", old.Type, now.Type);
        Add("version", old.Version, now.Version);
        Add("tags", string.Join(", ", old.Tags), string.Join(", ", now.Tags));
        Add("site", old.Site, now.Site);
        Add("parent", old.Parent, now.Parent);
        Add("owner", old.Owner, now.Owner);
        Add("certificate", old.CertificateThumbprint, now.CertificateThumbprint);
        Add("key file", old.KeyFilePath, now.KeyFilePath);
        Add("host key policy", old.HostKeyPolicy?.ToString(), now.HostKeyPolicy?.ToString());
        Add("unencrypted authentication", old.AllowUnencryptedAuthentication ? "allowed" : null, now.AllowUnencryptedAuthentication ? "allowed" : null);
        return string.Join("; ", changes);

        void Add(string name, string? before, string? after)
        {
            if ((before ?? "") != (after ?? ""))
            {
                changes.Add($"{name} {Show(before)} is now {Show(after)}");
            }
        }
    }

    private static string Show(string? value) => string.IsNullOrEmpty(value) ? "(none)" : $"'{value}'";
}
