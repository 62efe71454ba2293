using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace EdgeBackup.PowerShell.Loading;

/// <summary>
/// Holds Core and the third-party assemblies, so that another module's Polly or SQLite and ours never meet. Knows only
/// the folder it was given; what is not there comes from the default context.
/// </summary>
internal sealed class ModuleLoadContext(string folder) : AssemblyLoadContext("EdgeBackup")
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, nint> natives = [];

    /// <summary>Whether an assembly of that name lies in the folder.</summary>
    public bool Has(AssemblyName name) => File.Exists(PathOf(name));

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var path = PathOf(assemblyName);
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    // PowerShell has no deps.json of ours, so nobody else looks into runtimes/. The runtime asks once for each imported
    // function: the handle is kept.
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        lock (gate)
        {
            if (natives.TryGetValue(unmanagedDllName, out var known))
            {
                return known;
            }

            var path = Path.Combine(folder, "runtimes", NativeFolder.Current, "native", NativeFolder.FileName(unmanagedDllName));
            var handle = File.Exists(path) ? LoadUnmanagedDllFromPath(path) : nint.Zero;
            natives[unmanagedDllName] = handle;
            return handle;
        }
    }

    private string PathOf(AssemblyName name) => Path.Combine(folder, name.Name + ".dll");
}
