using System.Globalization;
using EdgeBackup.Bench;

return args switch
{
    ["fleet", var folder, var devices] => FleetCorpus.Make(folder, Number(devices)),
    ["night", var folder, var devices] => FleetCorpus.NextNight(folder, Number(devices)),
    ["mixed", var folder] => MixedCorpus.Make(folder),
    ["source", var folder, var version] => SourceCorpus.Make(folder, Number(version)),
    ["growth", var folder, var night] => GrowthCorpus.Make(folder, Number(night)),
    ["database", var folder, var step] => DatabaseCorpus.Make(folder, Number(step)),
    ["catalog", var folder, var keyFile, var devices, var backups] => await CatalogCorpus.MakeAsync(folder, keyFile, Number(devices), Number(backups)).ConfigureAwait(false),
    ["index", var folder, var keyFile, var chunks, var objects] => await IndexCorpus.MakeAsync(folder, keyFile, Number(chunks), Number(objects)).ConfigureAwait(false),
    ["open", var folder, var keyFile] => await IndexCorpus.OpenAsync(folder, keyFile).ConfigureAwait(false),
    ["ssh", var address, var configFile] => await SshRun.CaptureAsync(address, configFile).ConfigureAwait(false),
    ["archive", var folder, var events, var records] => await ArchiveRun.RunAsync(folder, Number(events), Number(records), address: null).ConfigureAwait(false),
    ["archive", var folder, _, _, var address] => await ArchiveRun.RunAsync(folder, 0, 0, address).ConfigureAwait(false),
    ["bacnet", var length, var roundTrip] => await BacnetRun.MeasureAsync(Number(length), Number(roundTrip)).ConfigureAwait(false),
    ["inner"] => InnerLoopRun.Run(),
    _ => Usage(),
};

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("""
        fleet FOLDER DEVICES                        makes folders of devices, the same ones every time
        night FOLDER DEVICES                        lets a night pass: a tenth of the devices changed, a third grown
        mixed FOLDER                                copies 1.5 GB of the machine's own files
        source FOLDER VERSION                       makes a source tree (version 0) or its next version
        growth FOLDER NIGHT                         makes trend logs (night 0) or lets them grow
        database FOLDER STEP                        makes a database (step 0) or changes few of its pages
        catalog FOLDER KEYFILE DEVICES BACKUPS      makes a repository with so many small backups, spread over the devices
        index FOLDER KEYFILE CHUNKS OBJECTS         makes a repository whose index tells of so many chunks, in so many index objects
        open FOLDER KEYFILE                         opens it three times, and measures
        ssh ADDRESS CONFIGFILE                      captures a device over ssh, throws the bytes away, and prints seconds and bytes
        archive FOLDER EVENTS RECORDS [ADDRESS]     archives a generated history, or a device's, and prints seconds, records, bytes and the peak of memory
        bacnet BYTES MILLISECONDS                   captures a simulated BACnet device that far away, in parts and without, and prints what it took beside the plainest reading
        inner                                       runs the inner loops (BenchmarkDotNet, short) and prints a table
        """);
    return 2;
}
