namespace EdgeBackup.Core.Devices.Types;

/// <summary>
/// Where a device that has no word of its own keeps its identity. A value that no rule gives is taken from the
/// registration.
/// </summary>
public sealed record IdentityRules
{
    /// <summary>Belongs to the hardware, not to the installation that a restore would bring along.</summary>
    public ValueSource? Id { get; init; }

    public ValueSource? Name { get; init; }

    public ValueSource? Version { get; init; }

    public ValueSource? Model { get; init; }

    public ValueSource? Serial { get; init; }
}

/// <summary>
/// Where one text comes from: exactly one of <see cref="Command"/> and <see cref="File"/>, then at most one of
/// <see cref="Pattern"/> and <see cref="JsonPointer"/> picks the value out of it. <see cref="ValueReader"/> does the picking.
/// </summary>
public sealed record ValueSource
{
    /// <summary>A command whose standard output is the text; it must exit with 0.</summary>
    public DeviceCommand? Command { get; init; }

    /// <summary>A file of UTF-8 text, relative to the root; absolute (with '/' in front) where it is outside of it.</summary>
    public string? File { get; init; }

    /// <summary>A .NET regular expression; its first group, or all of it where it has none, is the value.</summary>
    public string? Pattern { get; init; }

    /// <summary>A JSON pointer (RFC 6901) to a string or number; see <see cref="JsonPath"/>.</summary>
    public string? JsonPointer { get; init; }
}
