namespace EdgeBackup.Core.Tests.Repository;

/// <summary>The system's clock, set ahead.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
}
