using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EdgeBackup.Core.Tests.Devices.Ssh;

/// <summary>Runs the small programs that a test's world is made of.</summary>
internal static partial class Programs
{
    public static bool IsSuperuser => !OperatingSystem.IsWindows() && geteuid() == 0;

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

    /// <summary>Gives a tree to a user; links themselves, not what they lead to.</summary>
    public static void GiveTo(string path, int user)
    {
        if (!IsSuperuser)
        {
            return;
        }

        Give(path, user);
        if (new DirectoryInfo(path) is { Exists: true, LinkTarget: null })
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(path))
            {
                GiveTo(entry, user);
            }
        }
    }

    private static void Give(string path, int user)
    {
        if (lchown(path, user, user) != 0)
        {
            throw new InvalidOperationException($"Cannot give '{path}' away: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int lchown(string path, int user, int group);

    [LibraryImport("libc")]
    private static partial int geteuid();
}
