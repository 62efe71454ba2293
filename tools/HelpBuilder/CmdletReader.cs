using System.Reflection;
using System.Runtime.Loader;

namespace EdgeBackup.HelpBuilder;

/// <summary>Reads cmdlets from an assembly's metadata. No cmdlet and no attribute is ever created: there is no PowerShell here.</summary>
internal static class CmdletReader
{
    private const string Namespace = "System.Management.Automation.";

    public static IReadOnlyList<Cmdlet> Read(string assemblyPath, string dependencyFolder)
    {
        AssemblyLoadContext.Default.Resolving += (context, name) =>
        {
            var path = Path.GetFullPath(Path.Combine(dependencyFolder, name.Name + ".dll"));
            return File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;
        };
        var assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.GetFullPath(assemblyPath));
        return [.. assembly.ExportedTypes.Select(ReadType).OfType<Cmdlet>().OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal)];
    }

    private static Cmdlet? ReadType(Type type)
    {
        var attributes = type.GetCustomAttributesData();
        if (Named(attributes, "CmdletAttribute").FirstOrDefault() is not { } cmdlet || type.IsAbstract)
        {
            return null;
        }

        var parameters = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(ReadParameter)
            .OfType<CmdletParameter>()
            .ToList();
        if (Get<bool>(cmdlet, "SupportsShouldProcess"))
        {
            parameters.Add(Standard("Confirm"));
            parameters.Add(Standard("WhatIf"));
        }

        var outputs = Named(attributes, "OutputTypeAttribute")
            .SelectMany(output => output.ConstructorArguments)
            .SelectMany(argument => argument.Value as IReadOnlyCollection<CustomAttributeTypedArgument> ?? [argument])
            .Select(argument => argument.Value is Type outputType ? outputType.FullName! : argument.Value?.ToString() ?? "")
            .Distinct()
            .ToList();
        return new Cmdlet((string)cmdlet.ConstructorArguments[0].Value!, (string)cmdlet.ConstructorArguments[1].Value!, parameters, outputs);
    }

    private static CmdletParameter? ReadParameter(PropertyInfo property)
    {
        var attributes = property.GetCustomAttributesData();
        var uses = Named(attributes, "ParameterAttribute").Select(ReadUse).ToList();
        if (uses.Count == 0 || Named(attributes, "DontShowAttribute").Any())
        {
            return null;
        }

        var type = property.PropertyType;
        var element = type.IsArray ? type.GetElementType()! : Nullable.GetUnderlyingType(type) ?? type;
        var set = Named(attributes, "ValidateSetAttribute").SelectMany(Strings);
        return new CmdletParameter(
            property.Name,
            element.Name,
            type.IsArray,
            type.Name == "SwitchParameter",
            Named(attributes, "SupportsWildcardsAttribute").Any(),
            [.. Named(attributes, "AliasAttribute").SelectMany(Strings)],
            element.IsEnum ? Enum.GetNames(element) : [.. set],
            uses);
    }

    private static ParameterUse ReadUse(CustomAttributeData attribute)
    {
        var set = Get<string>(attribute, "ParameterSetName");
        var position = attribute.NamedArguments.FirstOrDefault(argument => argument.MemberName == "Position").TypedValue.Value as int?;
        return new ParameterUse(
            set,
            Get<bool>(attribute, "Mandatory"),
            position is >= 0 ? position : null,
            Get<bool>(attribute, "ValueFromPipeline"),
            Get<bool>(attribute, "ValueFromPipelineByPropertyName"));
    }

    private static CmdletParameter Standard(string name) =>
        new(name, "SwitchParameter", IsArray: false, IsSwitch: true, Globbing: false, [name == "WhatIf" ? "wi" : "cf"], [], [new ParameterUse(null, Mandatory: false, null, ByValue: false, ByPropertyName: false)]);

    private static IEnumerable<CustomAttributeData> Named(IEnumerable<CustomAttributeData> attributes, string name) =>
        attributes.Where(attribute => attribute.AttributeType.FullName == Namespace + name);

    private static IEnumerable<string> Strings(CustomAttributeData attribute) =>
        attribute.ConstructorArguments
            .SelectMany(argument => argument.Value as IReadOnlyCollection<CustomAttributeTypedArgument> ?? [argument])
            .Select(argument => argument.Value)
            .OfType<string>();

    private static T? Get<T>(CustomAttributeData attribute, string name) =>
        attribute.NamedArguments.FirstOrDefault(argument => argument.MemberName == name).TypedValue.Value is T value ? value : default;
}
