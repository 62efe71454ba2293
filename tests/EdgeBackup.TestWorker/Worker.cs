using System.Globalization;

namespace EdgeBackup.TestWorker;

/// <summary>Something that the process can be told to do.</summary>
/// <param name="folder">The repository's, or that of all that belongs to a test.</param>
/// <param name="arguments">What follows it.</param>
internal delegate Task Deed(string folder, string[] arguments);

/// <summary>What deeds have in common.</summary>
internal static class Worker
{
    /// <summary>Tells a line, whole and at once.</summary>
    public static void Say(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }

    public static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
