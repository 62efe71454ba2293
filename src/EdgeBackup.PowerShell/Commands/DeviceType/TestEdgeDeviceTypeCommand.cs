using System.Management.Automation;
using EdgeBackup.Core.Devices.Types;
using EdgeBackup.Core.Devices.Types.Reading;
using EdgeBackup.PowerShell.Abstractions;
using EdgeBackup.PowerShell.Errors;

namespace EdgeBackup.PowerShell.Commands;

/// <summary>Says what is wrong with files of device types, with line and property.</summary>
[Cmdlet(VerbsDiagnostic.Test, "EdgeDeviceType")]
[OutputType(typeof(DeviceTypeTest))]
public sealed class TestEdgeDeviceTypeCommand : EdgeRepositoryCommand
{
    /// <summary>Files; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var file in Path.SelectMany(ExpandFiles))
        {
            try
            {
                WriteObject(Test(file));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                WriteError(EdgeErrors.ToErrorRecord(exception, file));
            }
        }
    }

    private static DeviceTypeTest Test(string file)
    {
        var reading = DeviceTypeReader.Read(DeviceTypeFolder.ReadFile(file));
        var problems = reading.Type is { } type && DeviceTypeCatalog.IsBuiltIn(type.Id)
            ? [new Core.Devices.Types.DeviceTypeProblem(1, 1, "id", $"'{type.Id}' is the id of a type shipped with EdgeBackup; give yours another")]
            : reading.Problems;
        return new DeviceTypeTest
        {
            Path = file,
            Id = reading.Type?.Id,
            Valid = problems.Count == 0,
            Problem = [.. problems.Select(problem => new DeviceTypeProblem { Line = problem.Line, Column = problem.Column, Property = problem.Property, Message = problem.Message })],
        };
    }
}
