using System.Globalization;
using EdgeBackup.Bench;

return args switch
{
    ["fleet", var folder, var devices] => FleetCorpus.Make(folder, Number(devices)),
    ["night", var folder, var devices] => FleetCorpus.NextNight(folder, Number(devices)),
    ["catalog", var folder, var keyFile, var devices, var backups] => await CatalogCorpus.MakeAsync(folder, keyFile, Number(devices), Number(backups)).ConfigureAwait(false),
    ["index", var folder, var keyFile, var chunks, var objects] => await IndexCorpus.MakeAsync(folder, keyFile, Number(chunks), Number(objects)).ConfigureAwait(false),
    ["open", var folder, var keyFile] => await IndexCorpus.OpenAsync(folder, keyFile).ConfigureAwait(false),
    _ => Usage(),
};

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("""
        fleet FOLDER DEVICES                        makes folders of devices, the same ones every time
        night FOLDER DEVICES                        lets a night pass: a tenth of the devices changed, a third grown
        catalog FOLDER KEYFILE DEVICES BACKUPS      makes a repository with so many small backups, spread over the devices
        index FOLDER KEYFILE CHUNKS OBJECTS         makes a repository whose index tells of so many chunks, in so many index objects
        open FOLDER KEYFILE                         opens it three times, and measures
        """);
    return 2;
}
