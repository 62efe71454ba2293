using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;
using EdgeBackup.PowerShell.Session;

namespace EdgeBackup.PowerShell.Loading;

/// <summary>
/// Hooks the private load context before any type of Core is needed, and unhooks it with the last runspace that removes
/// the module. PowerShell reads the exported types before it calls <see cref="OnImport"/>: an exported type must not
/// need Core to be loaded (no base type, interface or field of a Core struct or enum).
/// </summary>
public sealed class ModuleLoader : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static readonly Lock Gate = new();

    // One for the life of the process: what has been bound once stays bound, and a second context would bring a second,
    // different Core.
    private static ModuleLoadContext? context;
    private static int imports;

    /// <inheritdoc/>
    public void OnImport()
    {
        lock (Gate)
        {
            context ??= new ModuleLoadContext(DependencyFolder());
            if (imports++ == 0)
            {
                AssemblyLoadContext.Default.Resolving += Resolve;
            }
        }
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        lock (Gate)
        {
            if (imports > 0 && --imports == 0)
            {
                // Files stay open otherwise, and a folder that is held open cannot be moved on Windows.
                RepositorySession.Current.CloseAsync().GetAwaiter().GetResult();
                AssemblyLoadContext.Default.Resolving -= Resolve;
            }
        }
    }

    private static string DependencyFolder() =>
        Path.Combine(Path.GetDirectoryName(typeof(ModuleLoader).Assembly.Location)!, "dependencies");

    // Only Core is asked for by us; everything below it is asked for by assemblies that are inside already. Answering for
    // more would hand our dependencies to other modules.
    private static Assembly? Resolve(AssemblyLoadContext asking, AssemblyName name) =>
        name.Name == "EdgeBackup.Core" && context is { } found && found.Has(name) ? found.LoadFromAssemblyName(name) : null;
}
