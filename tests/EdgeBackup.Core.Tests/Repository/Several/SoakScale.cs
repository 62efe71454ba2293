using System.Globalization;

namespace EdgeBackup.Core.Tests.Repository.Several;

/// <summary>Short counts in every build, long ones where <c>EDGEBACKUP_SOAK</c> gives a factor; the seed by <c>EDGEBACKUP_SOAK_SEED</c>.</summary>
internal static class SoakScale
{
    public static int Seed { get; } = Read("EDGEBACKUP_SOAK_SEED", Environment.TickCount & 0xFFFFFF);

    public static int Of(int everyBuild) => everyBuild * Math.Max(1, Read("EDGEBACKUP_SOAK", 1));

    private static int Read(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
