using System.Management.Automation;

namespace EdgeBackup.PowerShell.Abstractions;

/// <summary>
/// Lets -Repository take a path or a repository object, also one that came back from a job: of an object its Path is
/// taken. A relative path is resolved when the command runs, against the location the session stands at then.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RepositoryPathAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (inputData is PSObject { BaseObject: string } or string)
        {
            return inputData;
        }

        if (inputData is PSObject { BaseObject: RepositoryInfo wrapped })
        {
            return wrapped.Path;
        }

        return inputData switch
        {
            RepositoryInfo repository => repository.Path,
            PSObject { Properties: { } properties } when properties["Path"]?.Value is string path => path,
            PSObject { Properties: { } properties } when properties["FullName"]?.Value is string path => path,
            FileSystemInfo folder => folder.FullName,
            _ => throw new ArgumentTransformationMetadataException("-Repository takes a path or an object from Get-EdgeRepository."),
        };
    }
}
