using System.Management.Automation;

namespace EdgeBackup.PowerShell.Inventory;

/// <summary>What a user gave cannot be meant; known by the command before anything is asked or written.</summary>
internal sealed class InputFaultException : ArgumentException, IContainsErrorRecord
{
    private readonly string errorId;
    private readonly object? target;

    public InputFaultException(string errorId, string message, object? target, Exception? inner = null)
        : base(message, inner)
    {
        this.errorId = errorId;
        this.target = target;
    }

    public ErrorRecord ErrorRecord => new(this, errorId, ErrorCategory.InvalidArgument, target);
}
