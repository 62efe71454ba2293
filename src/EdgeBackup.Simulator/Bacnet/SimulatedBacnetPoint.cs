using EdgeBackup.Core.Devices.Bacnet;

namespace EdgeBackup.Simulator.Bacnet;

/// <summary>A point whose value a trend log keeps.</summary>
/// <param name="Id">An analog input, output or value.</param>
/// <param name="Name">Its object name.</param>
/// <param name="Units">BACnetEngineeringUnits: 62 is degrees Celsius, 98 percent.</param>
/// <param name="Value">Its present value.</param>
public sealed record SimulatedBacnetPoint(BacnetObjectId Id, string Name, uint Units, float Value);
