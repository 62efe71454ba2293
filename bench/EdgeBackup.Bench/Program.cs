using System.Globalization;
using EdgeBackup.Bench;

return args switch
{
    ["fleet", var folder, var devices] => FleetCorpus.Make(folder, Number(devices)),
    ["night", var folder, var devices] => FleetCorpus.NextNight(folder, Number(devices)),
    ["catalog", var folder, var keyFile, var devices, var backups] => await CatalogCorpus.MakeAsync(folder, keyFile, Number(devices), Number(backups)).ConfigureAwait(false),
    _ => Usage(),
};

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

static int Usage()
{
    Console.Error.WriteLine("""
        fleet FOLDER DEVICES                        makes folders of devices, the same ones every time
        night FOLDER DEVICES                        lets a night pass: a tenth of the devices changed, a third grown
        catalog FOLDER KEYFILE DEVICES BACKUPS      makes a repository with so many small backups, spread over the devices
        """);
    return 2;
}
