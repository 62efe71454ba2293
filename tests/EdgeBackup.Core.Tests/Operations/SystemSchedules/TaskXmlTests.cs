using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using EdgeBackup.Core.Errors;
using EdgeBackup.Core.Operations.SystemSchedules;
using Xunit;

namespace EdgeBackup.Core.Tests.Operations.SystemSchedules;

public sealed class TaskXmlTests
{
    private const string User = @"CORP\anna";
    private static readonly XNamespace Tasks = "http://schemas.microsoft.com/windows/2004/02/mit/task";

    [Fact]
    public void Every_task_keeps_to_the_schema()
    {
        foreach (var account in Accounts())
        {
            foreach (var (every, delay) in new[] { (15, 5), (240, 0), (1440, 30) })
            {
                var schedule = Schedule(account) with
                {
                    Calendar = RunCalendar.Create(TimeSpan.FromMinutes(every), new TimeSpan(0, 7, 0)),
                    RandomDelay = TimeSpan.FromMinutes(delay),
                };
                Assert.Empty(Violations(TaskXml.Write(schedule, User)));
            }
        }
    }

    [Fact]
    public void The_schema_of_these_tests_finds_what_is_wrong()
    {
        var xml = TaskXml.Write(Schedule(new ScheduleAccount(null as string)), User);
        Assert.NotEmpty(Violations(xml.Replace("<Enabled>true</Enabled>", "<Enabled>maybe</Enabled>", StringComparison.Ordinal)));
        Assert.NotEmpty(Violations(xml.Replace("IgnoreNew", "Ignore", StringComparison.Ordinal)));
        Assert.NotEmpty(Violations(xml.Replace("ScheduleByDay", "ScheduleByYear", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(@"CORP\backup", ScheduleScope.System, @"CORP\backup", "Password")]
    [InlineData(@"CORP\edge$", ScheduleScope.System, @"CORP\edge$", "Password")]
    [InlineData(null, ScheduleScope.System, "S-1-5-18", null)]
    [InlineData(null, ScheduleScope.User, User, "S4U")]
    public void Each_account_runs_whether_anybody_is_logged_on_or_not(string? account, ScheduleScope scope, string userId, string? logonType)
    {
        var xml = TaskXml.Write(Schedule(new ScheduleAccount(account) { Password = "pa$$w0rd" }) with { Scope = scope }, User);
        var principal = XElement.Parse(xml).Element(Tasks + "Principals")!.Element(Tasks + "Principal")!;
        Assert.Equal(userId, principal.Element(Tasks + "UserId")!.Value);
        Assert.Equal(logonType, principal.Element(Tasks + "LogonType")?.Value);
        Assert.Equal("LeastPrivilege", principal.Element(Tasks + "RunLevel")!.Value);
        Assert.DoesNotContain("pa$$w0rd", xml, StringComparison.Ordinal);
        Assert.Equal(scope, TaskXml.Read(xml)!.Scope);
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        var schedule = Schedule(new ScheduleAccount(null as string)) with { RandomDelay = TimeSpan.FromMinutes(5), Calendar = RunCalendar.Create(TimeSpan.FromHours(4), new TimeSpan(1, 30, 0)) };
        var read = TaskXml.Read(TaskXml.Write(schedule, User))!;
        Assert.Equal(schedule.Calendar, read.Calendar);
        Assert.Equal("night", read.Name);
        Assert.Equal(schedule.Command.Repository, read.Repository);
        Assert.Equal(schedule.RandomDelay, read.RandomDelay);
        Assert.Equal(schedule.TimeLimit, read.TimeLimit);
        Assert.Equal(schedule.Command.Devices, read.Devices);
        Assert.Equal("SYSTEM", read.Account);
        Assert.True(read.Enabled);
    }

    [Fact]
    public void A_run_that_was_missed_is_caught_up_and_none_overlaps()
    {
        var settings = XElement.Parse(TaskXml.Write(Schedule(new ScheduleAccount(null as string)), User)).Element(Tasks + "Settings")!;
        Assert.Equal("true", settings.Element(Tasks + "StartWhenAvailable")!.Value);
        Assert.Equal("IgnoreNew", settings.Element(Tasks + "MultipleInstancesPolicy")!.Value);
        Assert.Equal("PT6H", settings.Element(Tasks + "ExecutionTimeLimit")!.Value);
        Assert.Equal("false", settings.Element(Tasks + "DisallowStartIfOnBatteries")!.Value);
    }

    [Fact]
    public void Another_ones_task_is_not_read() => Assert.Null(TaskXml.Read("""<Task version="1.4" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><RegistrationInfo><URI>\EdgeBackup\night</URI></RegistrationInfo></Task>"""));

    [Theory]
    [InlineData(@"C:\%TEMP%\edge")]
    [InlineData(@"C:\$(Arg0)\edge")]
    public void What_the_Task_Scheduler_would_replace_is_refused(string repository) =>
        Assert.Equal(
            ErrorIds.ScheduleInvalid,
            Assert.Throws<EdgeBackupException>(() => TaskXml.Write(Schedule(new ScheduleAccount(null as string), repository), User)).ErrorId);

    private static IEnumerable<ScheduleAccount> Accounts() => [new(null as string), new(@"CORP\backup"), new(@"CORP\edge$")];

    private static SystemSchedule Schedule(ScheduleAccount account, string repository = @"\\nas\it's <here> & there\") =>
        ScheduleWorld.Schedule(command: ScheduleWorld.Command(repository) with { PowerShell = @"C:\Program Files\PowerShell\7\pwsh.exe" }, account: account);

    private static List<string> Violations(string xml)
    {
        var found = new List<string>();
        var schemas = new XmlSchemaSet();
        schemas.Add(null, XmlReader.Create(new StringReader(Schema)));
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = schemas };
        settings.ValidationFlags |= XmlSchemaValidationFlags.ReportValidationWarnings;
        settings.ValidationEventHandler += (_, violation) => found.Add(string.Create(CultureInfo.InvariantCulture, $"{violation.Exception.LineNumber}: {violation.Message}"));
        using var reader = XmlReader.Create(new StringReader(xml), settings);
        while (reader.Read())
        {
        }

        return found;
    }

    /// <summary>
    /// The structure of the parts that are used, after [MS-TSCH] 2.5: which elements, in which order where it counts, of which
    /// types. It stands here in our own words, since the published text is not ours to ship.
    /// </summary>
    private const string Schema = """
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task" targetNamespace="http://schemas.microsoft.com/windows/2004/02/mit/task" elementFormDefault="qualified">
          <xs:element name="Task">
            <xs:complexType>
              <xs:all>
                <xs:element name="RegistrationInfo" minOccurs="0">
                  <xs:complexType><xs:all>
                    <xs:element name="URI" type="xs:anyURI" minOccurs="0"/><xs:element name="Source" type="xs:string" minOccurs="0"/>
                    <xs:element name="Author" type="xs:string" minOccurs="0"/><xs:element name="Description" type="xs:string" minOccurs="0"/>
                    <xs:element name="Documentation" type="xs:string" minOccurs="0"/><xs:element name="Date" type="xs:dateTime" minOccurs="0"/>
                  </xs:all></xs:complexType>
                </xs:element>
                <xs:element name="Triggers" minOccurs="0">
                  <xs:complexType><xs:choice minOccurs="0" maxOccurs="48"><xs:element name="CalendarTrigger" type="calendar"/></xs:choice></xs:complexType>
                </xs:element>
                <xs:element name="Principals" minOccurs="0">
                  <xs:complexType><xs:sequence><xs:element name="Principal">
                    <xs:complexType><xs:all>
                      <xs:element name="UserId" type="xs:string" minOccurs="0"/>
                      <xs:element name="LogonType" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
                        <xs:enumeration value="S4U"/><xs:enumeration value="Password"/><xs:enumeration value="InteractiveToken"/><xs:enumeration value="InteractiveTokenOrPassword"/>
                      </xs:restriction></xs:simpleType></xs:element>
                      <xs:element name="RunLevel" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
                        <xs:enumeration value="LeastPrivilege"/><xs:enumeration value="HighestAvailable"/>
                      </xs:restriction></xs:simpleType></xs:element>
                    </xs:all><xs:attribute name="id" type="xs:ID"/></xs:complexType>
                  </xs:element></xs:sequence></xs:complexType>
                </xs:element>
                <xs:element name="Settings" minOccurs="0">
                  <xs:complexType><xs:all>
                    <xs:element name="MultipleInstancesPolicy" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
                      <xs:enumeration value="Parallel"/><xs:enumeration value="Queue"/><xs:enumeration value="IgnoreNew"/><xs:enumeration value="StopExisting"/>
                    </xs:restriction></xs:simpleType></xs:element>
                    <xs:element name="DisallowStartIfOnBatteries" type="xs:boolean" minOccurs="0"/><xs:element name="StopIfGoingOnBatteries" type="xs:boolean" minOccurs="0"/>
                    <xs:element name="StartWhenAvailable" type="xs:boolean" minOccurs="0"/><xs:element name="RunOnlyIfNetworkAvailable" type="xs:boolean" minOccurs="0"/>
                    <xs:element name="Enabled" type="xs:boolean" minOccurs="0"/><xs:element name="ExecutionTimeLimit" type="xs:duration" minOccurs="0"/>
                  </xs:all></xs:complexType>
                </xs:element>
                <xs:element name="Actions">
                  <xs:complexType><xs:choice maxOccurs="32"><xs:element name="Exec">
                    <xs:complexType><xs:all><xs:element name="Command" type="xs:string"/><xs:element name="Arguments" type="xs:string" minOccurs="0"/><xs:element name="WorkingDirectory" type="xs:string" minOccurs="0"/></xs:all></xs:complexType>
                  </xs:element></xs:choice><xs:attribute name="Context" type="xs:IDREF"/></xs:complexType>
                </xs:element>
              </xs:all>
              <xs:attribute name="version" use="required"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="1\.[0-9]"/></xs:restriction></xs:simpleType></xs:attribute>
            </xs:complexType>
          </xs:element>
          <xs:complexType name="calendar"><xs:sequence>
            <xs:element name="Enabled" type="xs:boolean" minOccurs="0"/><xs:element name="StartBoundary" type="xs:dateTime" minOccurs="0"/><xs:element name="EndBoundary" type="xs:dateTime" minOccurs="0"/>
            <xs:element name="Repetition" minOccurs="0"><xs:complexType><xs:all>
              <xs:element name="Interval" type="xs:duration"/><xs:element name="Duration" type="xs:duration" minOccurs="0"/><xs:element name="StopAtDurationEnd" type="xs:boolean" minOccurs="0"/>
            </xs:all></xs:complexType></xs:element>
            <xs:element name="ExecutionTimeLimit" type="xs:duration" minOccurs="0"/><xs:element name="RandomDelay" type="xs:duration" minOccurs="0"/>
            <xs:element name="ScheduleByDay"><xs:complexType><xs:all><xs:element name="DaysInterval" minOccurs="0"><xs:simpleType><xs:restriction base="xs:unsignedInt"><xs:minInclusive value="1"/><xs:maxInclusive value="365"/></xs:restriction></xs:simpleType></xs:element></xs:all></xs:complexType></xs:element>
          </xs:sequence></xs:complexType>
        </xs:schema>
        """;
}
