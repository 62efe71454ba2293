using EdgeBackup.HelpBuilder;

if (args.Length != 4)
{
    await Console.Error.WriteLineAsync("Use: HelpBuilder <cmdlet assembly> <dependency folder> <docs folder> <output folder>");
    return 2;
}

var (assembly, dependencies, docs, output) = (args[0], args[1], args[2], args[3]);
var cmdlets = CmdletReader.Read(assembly, dependencies);
var pages = Directory.EnumerateFiles(Path.Combine(docs, "cmdlets"), "*-*.md")
    .Order(StringComparer.Ordinal)
    .Select(PageReader.Read)
    .ToList();

var faults = PageChecks.Find(cmdlets, pages, Path.Combine(docs, "cmdlets")).ToList();
foreach (var (file, message) in faults)
{
    // The form that MSBuild shows as an error of the build.
    await Console.Error.WriteLineAsync($"{file}: error HELP: {message}");
}

if (faults.Count > 0)
{
    return 1;
}

Directory.CreateDirectory(output);
MamlWriter.Write(cmdlets, pages, Path.Combine(output, Path.GetFileName(assembly) + "-Help.xml"));
foreach (var about in Directory.EnumerateFiles(docs, "about_*.md"))
{
    AboutWriter.Write(about, Path.Combine(output, Path.GetFileNameWithoutExtension(about) + ".help.txt"));
}

return 0;
