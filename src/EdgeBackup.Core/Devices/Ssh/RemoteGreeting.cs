using System.Globalization;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>What a device can list its files with.</summary>
internal enum RemoteLister
{
    /// <summary>find with -printf (GNU).</summary>
    Find,

    /// <summary>stat (busybox, BSD): times in whole seconds.</summary>
    Stat,

    /// <summary>ls -lnid: no times that prove anything.</summary>
    Ls,
}

/// <summary>A device's first answer.</summary>
/// <param name="Time">Its clock.</param>
/// <param name="Lister">What it lists with.</param>
/// <param name="HasGnuTar">Whether exit code 1 of its tar only means that a file changed.</param>
/// <param name="Root">The root, links in it resolved.</param>
/// <param name="IsRoot">Whether we are the superuser there.</param>
internal sealed record RemoteGreeting(DateTimeOffset Time, RemoteLister Lister, bool HasGnuTar, string Root, bool IsRoot)
{
    /// <summary>Reads the five texts of the answer.</summary>
    /// <exception cref="InvalidDataException">They are none.</exception>
    public static RemoteGreeting Read(string[] texts)
    {
        var lister = texts[1] switch
        {
            "gnu" => RemoteLister.Find,
            "stat" or "bsd" => RemoteLister.Stat,
            _ => RemoteLister.Ls,
        };
        return long.TryParse(texts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? new RemoteGreeting(DateTimeOffset.FromUnixTimeSeconds(seconds), lister, texts[2] == "gnu", texts[3], texts[4] == "0")
            : throw new InvalidDataException($"'{texts[0]}' is no time");
    }
}

/// <summary>What a command on the device told.</summary>
/// <param name="Code">Its exit code; null where it did not end in time.</param>
/// <param name="Output">Its standard output.</param>
internal sealed record RemoteResult(int? Code, string Output);
