using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeBackup.Core.Devices;
using EdgeBackup.Core.Devices.Http;
using EdgeBackup.Core.Errors;
using EdgeBackup.Simulator.Devices;
using EdgeBackup.Simulator.Hosting;
using Xunit;
using static EdgeBackup.Core.Tests.Devices.Http.HttpTests;

namespace EdgeBackup.Core.Tests.Devices.Http;

/// <summary>Who is let in, what is sent, and what never shows.</summary>
public sealed class HttpAuthenticationTests
{
    private const string Secret = "s3cret-pässword";

    [Fact]
    public async Task Basic_and_bearer_let_us_in()
    {
        await using var device = await StartEmptyAsync();
        device.RequiredBasic = ("operator", Secret);
        await using (var basic = Connect(device, options => options with { Credential = new DeviceCredential { UserName = "operator", Password = Secret } }))
        {
            await basic.GetStatusAsync(CancellationToken.None);
        }

        device.RequiredBasic = null;
        device.RequiredToken = "tok.en-1";
        await using var bearer = Connect(device, options => options with { Credential = new DeviceCredential { Token = "tok.en-1" } });
        await bearer.GetStatusAsync(CancellationToken.None);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_refusal_is_its_own_error_and_is_not_repeated(int status)
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = status, Times = -1 });

        await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.Equal(1, CountCalls(device, "GET", "device"));
    }

    [Fact]
    public async Task Charge_points_behind_a_closed_door_throw_and_are_not_just_unknown()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device);
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 403, Path = "chargepoints" });

        await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => connection.GetStatusAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_secret_is_in_no_error_and_no_trace()
    {
        await using var device = await StartEmptyAsync();
        device.RequiredBasic = ("operator", "another");
        var lines = new List<string>();
        await using var connection = Connect(device, options => options with
        {
            Credential = new DeviceCredential { UserName = "operator", Password = Secret },
            Trace = lines.Add,
        });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.CutBefore });

        var failed = await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.NotEmpty(lines);
        Assert.DoesNotContain(Secret, failed + string.Concat(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_fits_in_no_header_is_refused_without_being_shown()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device, options => options with { Credential = new DeviceCredential { Token = "line\r\nbreak" } });

        var failed = await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.DoesNotContain("break", failed.ToString(), StringComparison.Ordinal);
        Assert.Empty(device.Calls);
    }

    [Fact]
    public async Task Over_plain_http_to_elsewhere_no_credential_is_sent()
    {
        // The name does not exist, so that anything that is sent would end as unreachable.
        var options = new ConnectionOptions
        {
            Address = DeviceAddress.Parse("http://device.invalid/", Path.GetTempPath()),
            Credential = new DeviceCredential { Token = "t" },
        };
        await using var refusing = new HttpDeviceConnection(options, TimeProvider.System);
        await using var allowing = new HttpDeviceConnection(options with { AllowUnencryptedAuthentication = true }, TimeProvider.System);

        var failed = await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => refusing.GetStatusAsync(CancellationToken.None));

        Assert.Contains("-AllowUnencryptedAuthentication", failed.Message, StringComparison.Ordinal);
        await FailsAsync(ErrorIds.DeviceUnreachable, () => allowing.GetStatusAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var device = await StartEmptyAsync();
        await using var connection = Connect(device, options => options with { Credential = new DeviceCredential { Token = "t" } });
        device.Faults.Add(new SimulatedFault { Kind = FaultKind.Status, Status = 307 });

        await FailsAsync(ErrorIds.DeviceResponseInvalid, () => connection.GetStatusAsync(CancellationToken.None));

        Assert.Single(device.Calls);
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA1")]
    public async Task A_certificate_nobody_signed_is_taken_only_by_its_thumbprint(string algorithm)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=device", key, HashAlgorithmName.SHA256);
        using var created = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = X509CertificateLoader.LoadPkcs12(created.Export(X509ContentType.Pfx), password: null);
        await using var device = await SimulatedDevice.StartAsync(fleetOptions: new SimulatedFleetOptions { Certificate = certificate });
        var thumbprint = string.Join(':', Convert.ToHexString(certificate.GetCertHash(new HashAlgorithmName(algorithm))).Chunk(2).Select(pair => new string(pair)));

        await using (var unpinned = Connect(device))
        {
            await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => unpinned.GetStatusAsync(CancellationToken.None));
        }

        await using (var wrong = Connect(device, options => options with { CertificateThumbprint = new string('0', 40) }))
        {
            await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => wrong.GetStatusAsync(CancellationToken.None));
        }

        await using (var nonsense = Connect(device, options => options with { CertificateThumbprint = "abc" }))
        {
            await FailsAsync(ErrorIds.DeviceAuthenticationFailed, () => nonsense.GetStatusAsync(CancellationToken.None));
        }

        Assert.Empty(device.Calls);
        await using var pinned = Connect(device, options => options with { CertificateThumbprint = thumbprint });
        Assert.Equal(HttpStatusCode.OK, await ReachesAsync(pinned));

        static async Task<HttpStatusCode> ReachesAsync(HttpDeviceConnection connection)
        {
            await connection.GetStatusAsync(CancellationToken.None);
            return HttpStatusCode.OK;
        }
    }
}
