using System.Runtime.InteropServices;

namespace EdgeBackup.PowerShell.Loading;

/// <summary>Where this process finds its native libraries under runtimes/.</summary>
internal static class NativeFolder
{
    /// <summary>The runtime identifier of this process: for instance linux-musl-x64.</summary>
    public static string Current { get; } = $"{System}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private static string System =>
        OperatingSystem.IsWindows() ? "win"
        : OperatingSystem.IsMacOS() ? "osx"
        : IsMusl ? "linux-musl"
        : "linux";

    // The runtime's own identifier says which C library it was built for; a generic one is told by the loader's name.
    private static bool IsMusl =>
        RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
        || RuntimeInformation.RuntimeIdentifier.StartsWith("alpine", StringComparison.Ordinal)
        || (Directory.Exists("/lib") && Directory.EnumerateFiles("/lib", "libc.musl-*").Any());

    /// <summary>The file that a P/Invoke name means here: e_sqlite3 is libe_sqlite3.so on Linux.</summary>
    public static string FileName(string library)
    {
        var extension = OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";
        var prefix = OperatingSystem.IsWindows() || library.StartsWith("lib", StringComparison.Ordinal) ? "" : "lib";
        return library.EndsWith(extension, StringComparison.OrdinalIgnoreCase) ? prefix + library : prefix + library + extension;
    }
}
