namespace EdgeBackup.Core.Tests.Reader;

/// <summary>The folder of sources above the built tests.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "EdgeBackup.sln")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests do not run below the source tree.");
        }

        return folder.FullName;
    }
}
