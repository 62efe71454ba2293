using Xunit;

namespace EdgeBackup.Core.Tests.Reader;

/// <summary>A test that needs Python and the reader's packages; skipped with the reason where they are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReaderFactAttribute : FactAttribute
{
    public ReaderFactAttribute() => Skip = PythonReader.Missing;
}

/// <summary>The same for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReaderTheoryAttribute : TheoryAttribute
{
    public ReaderTheoryAttribute() => Skip = PythonReader.Missing;
}
