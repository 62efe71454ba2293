using System.Management.Automation;

namespace EdgeBackup.PowerShell.Inventory;

/// <summary>
/// Lets a switch take the text of a cell by its property name. What is neither true nor false is left to the command,
/// which knows the row and names it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FlagTextAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            string text => text.Trim().ToUpperInvariant() is "TRUE" or "YES" or "1",
            null => false,
            _ => inputData,
        };
}
