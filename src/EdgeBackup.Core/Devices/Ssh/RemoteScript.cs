using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Devices.Ssh;

/// <summary>Our script for the device's shell, and the command line that starts it.</summary>
internal static class RemoteScript
{
    /// <summary>The script with its two variables set, as bytes for standard input.</summary>
    public static byte[] Compose(string token, string root)
    {
        using var stream = typeof(RemoteScript).Assembly.GetManifestResourceStream("EdgeBackup.Core.Devices.Ssh.Scripts.agent.sh")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var script = new StringBuilder();
        script.Append("token=").Append(token).Append('\n');
        script.Append("root=").Append(Quote(root)).Append('\n');
        while (reader.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                script.Append(line).Append('\n');
            }
        }

        return Encoding.UTF8.GetBytes(script.ToString());
    }

    /// <summary>
    /// The remote command. It reads exactly the script from standard input, byte by byte, so that what comes behind is
    /// left for the script; and it is one word of plain characters in single quotes, which every login shell understands
    /// alike (csh and fish too).
    /// </summary>
    public static string Command(int scriptLength) => string.Create(
        CultureInfo.InvariantCulture,
        $"exec sh -c 'eval \"$(dd bs=1 count={scriptLength} 2>/dev/null)\"'");

    /// <summary>A text as one word of a POSIX shell.</summary>
    public static string Quote(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
