using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>Runs the small programs that a test's world is made of.</summary>
internal static class Programs
{
    public static bool IsSuperuser => !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess;

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its standard output.</returns>
    public static string Run(string program, params string[] arguments)
    {
        var (code, output, words) = TryRun(program, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {code}: {words}");
    }

    public static (int Code, string Output, string Words) TryRun(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        var words = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, words.GetAwaiter().GetResult());
    }

    /// <summary>
    /// Writes a program that can be run at once. Another process writes it: a child that some other test starts just then
    /// would inherit our open file for a moment, and who runs a file that is open for writing is told that it is busy.
    /// </summary>
    public static void WriteProgram(string path, string text)
    {
        if (OperatingSystem.IsWindows())
        {
            File.WriteAllText(path, text);
            return;
        }

        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "cat >\"$0\" && chmod 755 \"$0\"", path]) { RedirectStandardInput = true })!;
        using (var input = process.StandardInput.BaseStream)
        {
            input.Write(Encoding.UTF8.GetBytes(text));
        }

        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{path}' could not be written.");
        }
    }

    /// <summary>Gives a tree to a user; links themselves, not what they lead to.</summary>
    public static void GiveTo(string path, int user) => Give(path, user, "-hR");

    /// <summary>Gives one entry to a user.</summary>
    public static void Give(string path, int user) => Give(path, user, "-h");

    public static void SetMode(string path, int mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }
    }

    public static int GetMode(string path) => OperatingSystem.IsWindows() ? 0 : (int)File.GetUnixFileMode(path);

    private static void Give(string path, int user, string how)
    {
        if (IsSuperuser)
        {
            Run("chown", how, string.Create(CultureInfo.InvariantCulture, $"{user}:{user}"), path);
        }
    }
}
