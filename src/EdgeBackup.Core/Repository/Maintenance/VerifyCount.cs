namespace EdgeBackup.Core.Repository.Maintenance;

/// <summary>Counts what a verification has found and looked at, and tells how far it is.</summary>
internal sealed class VerifyCount(IProgress<VerifyProgress>? progress)
{
    private long objectsDone;
    private long objectsTotal;
    private long bytesDone;
    private long bytesTotal;

    public long Objects => Interlocked.Read(ref objectsTotal);

    public long Bytes => Interlocked.Read(ref bytesTotal);

    /// <summary>An object is there.</summary>
    public void Found(long bytes)
    {
        Interlocked.Increment(ref objectsTotal);
        Interlocked.Add(ref bytesTotal, bytes);
    }

    /// <summary>Small objects were found and looked at in one go.</summary>
    public void Counted(int objects)
    {
        Interlocked.Add(ref objectsTotal, objects);
        Interlocked.Add(ref objectsDone, objects);
    }

    /// <summary>An object was looked at.</summary>
    public void Done(long bytes)
    {
        var done = Interlocked.Increment(ref objectsDone);
        var total = Interlocked.Add(ref bytesDone, bytes);
        progress?.Report(new VerifyProgress(done, Objects, total, Bytes));
    }
}
