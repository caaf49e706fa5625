mod text;

use std::fmt::Write;

use coldtrail_model::{Event, Value};
use expect_test::{Expect, expect};

use crate::{Batch, Normalizer, Options, Source, detect};

/// What the tests do not show: it follows from the class, or is the same in every event.
const NOT_SHOWN: &[&str] = &[
    "class_uid",
    "category_uid",
    "activity_id",
    "type_uid",
    "severity_id",
    "status_id",
    "metadata_version",
    "metadata_product_name",
    "metadata_product_vendor_name",
    "metadata_log_provider",
    "metadata_log_name",
    "metadata_log_version",
    "metadata_log_level",
    "metadata_sequence",
    "device_os_name",
    "device_os_type_id",
    "raw_data",
];

fn read(input: &[u8]) -> Batch {
    let mut normalizer = Normalizer::new(Source::WindowsEvent, Options::default());
    let mut batch = Batch::default();
    for piece in input.chunks(37) {
        let next = normalizer.push(piece);
        batch.events.extend(next.events);
        batch.rejects.extend(next.rejects);
    }
    let rest = normalizer.finish();
    batch.events.extend(rest.events);
    batch.rejects.extend(rest.rejects);
    batch
}

fn check(input: &str, expected: Expect) {
    let batch = read(input.as_bytes());
    let mut shown: String = batch.events.iter().map(|(_, event)| show(event)).collect();
    for reject in &batch.rejects {
        let _ = writeln!(shown, "reject at {}: {}", reject.place.offset, reject.reason);
    }
    // A carriage return in a Rust source is dropped by the compiler before a line feed, so it is shown in letters.
    expected.assert_eq(&shown.replace('\r', "\\r"));
}

fn show(event: &Event) -> String {
    let mut lines = format!("{}\n", event.class());
    for (col, value) in event.fields() {
        let name = col.column().name;
        if NOT_SHOWN.contains(&name) {
            continue;
        }
        let _ = match value {
            Value::Text(text) => writeln!(lines, "  {name} = {text}"),
            Value::TextList(texts) => writeln!(lines, "  {name} = {}", texts.join(" | ")),
            Value::Long(number) => writeln!(lines, "  {name} = {number}"),
            Value::Double(number) => writeln!(lines, "  {name} = {number}"),
            Value::Boolean(flag) => writeln!(lines, "  {name} = {flag}"),
        };
    }
    lines
}

#[test]
fn a_network_logon_from_winlogbeat_is_an_authentication() {
    check(
        r#"{"@timestamp":"2026-03-01T12:00:01.000Z","winlog":{"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":4624,"record_id":7,"computer_name":"srv1.example.test","time_created":"2026-03-01T12:00:00.250Z","keywords":["Audit Success"],"event_data":{"SubjectUserSid":"S-1-0-0","SubjectUserName":"-","SubjectLogonId":"0x0","TargetUserSid":"S-1-5-21-1-2-3-1105","TargetUserName":"ada","TargetDomainName":"EXAMPLE","TargetLogonId":"0xABC","LogonType":"3","LogonProcessName":"NtLmSsp ","AuthenticationPackageName":"NTLM","WorkstationName":"WS1","LogonGuid":"{00000000-0000-0000-0000-000000000001}","ProcessId":"0x0","ProcessName":"-","IpAddress":"::ffff:192.0.2.7","IpPort":"49827","KeyLength":"128"}}}"#,
        expect![[r#"
            authentication
              time = 1772366400250
              activity_name = Logon
              severity = Informational
              metadata_event_code = 4624
              device_hostname = srv1.example.test
              device_domain = example.test
              status = Success
              is_new_logon = true
              actor_user_uid = S-1-0-0
              actor_session_uid = 0x0
              user_type_id = 1
              user_type = User
              user_name = ada
              user_domain = EXAMPLE
              user_uid = S-1-5-21-1-2-3-1105
              logon_type_id = 3
              logon_type = Network
              is_remote = true
              auth_protocol_id = 1
              auth_protocol = NTLM
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 49827
              src_endpoint_hostname = WS1
              logon_process_name = NtLmSsp
              session_uid = 0xabc
              session_uid_alt = {00000000-0000-0000-0000-000000000001}
              unmapped = {"@timestamp":"2026-03-01T12:00:01.000Z","winlog":{"keywords":["Audit Success"]},"EventData":{"ProcessId":"0x0","KeyLength":"128"}}
        "#]],
    );
}

#[test]
fn winlogbeat_with_dotted_keys_reads_like_the_nested_form() {
    check(
        r#"{"@timestamp":"2026-03-01T12:00:00Z","winlog.channel":"Security","winlog.provider_name":"Microsoft-Windows-Security-Auditing","winlog.event_id":"4625","winlog.computer_name":"srv1","winlog.event_data.TargetUserName":"ada","winlog.event_data.LogonType":"3","winlog.event_data.Status":"0xC000006D","winlog.event_data.SubStatus":"0xC000006A","winlog.event_data.FailureReason":"%%2313","winlog.event_data.IpAddress":"-"}"#,
        expect![[r#"
            authentication
              time = 1772366400000
              activity_name = Logon
              severity = Low
              metadata_event_code = 4625
              device_hostname = srv1
              user_name = ada
              logon_type_id = 3
              logon_type = Network
              is_remote = true
              status_detail = Unknown user name or bad password
              status_code = 0xc000006d
              status = Failure
              unmapped = {"EventData":{"Status":"0xC000006D","SubStatus":"0xC000006A","FailureReason":"%%2313","IpAddress":"-"}}
        "#]],
    );
}

#[test]
fn a_process_in_event_xml_brings_its_parent_its_hashes_and_its_technique() {
    check(
        "<Events>\n<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><TimeCreated SystemTime='2026-03-01T12:00:00.1234567Z'/><EventRecordID>9</EventRecordID><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1</Computer><Security UserID='S-1-5-18'/></System><EventData><Data Name='RuleName'>technique_id=T1059.001,technique_name=PowerShell</Data><Data Name='UtcTime'>2026-03-01 12:00:00.123</Data><Data Name='ProcessGuid'>{A23EAE89-BD56-67E0-0000-0010E9D95E01}</Data><Data Name='ProcessId'>4812</Data><Data Name='Image'>C:\\Windows\\powershell.exe</Data><Data Name='CommandLine'>powershell &amp; &quot;x&quot;</Data><Data Name='User'>EXAMPLE\\ada</Data><Data Name='LogonId'>0x7EB05</Data><Data Name='IntegrityLevel'>High</Data><Data Name='Hashes'>MD5=AA,SHA256=BB,IMPHASH=CC</Data><Data Name='ParentProcessId'>10</Data><Data Name='ParentImage'>C:\\Windows\\explorer.exe</Data></EventData></Event>\n</Events>\n",
        expect![[r##"
            process_activity
              time = 1772366400123
              activity_name = Launch
              severity = Informational
              metadata_event_code = 1
              device_hostname = ws1
              launch_type = Spawn
              process_file_path = C:\Windows\powershell.exe
              process_name = powershell.exe
              process_file_name = powershell.exe
              process_pid = 4812
              process_uid = {a23eae89-bd56-67e0-0000-0010e9d95e01}
              process_cmd_line = powershell & "x"
              process_created_time = 1772366400123
              process_integrity = High
              process_file_hashes_md5_value = aa
              process_file_hashes_sha256_value = bb
              process_user_name = ada
              process_user_domain = EXAMPLE
              actor_user_name = ada
              actor_user_domain = EXAMPLE
              process_session_uid = 0x7eb05
              actor_session_uid = 0x7eb05
              process_parent_process_file_path = C:\Windows\explorer.exe
              process_parent_process_name = explorer.exe
              process_parent_process_file_name = explorer.exe
              process_parent_process_pid = 10
              actor_process_file_path = C:\Windows\explorer.exe
              actor_process_name = explorer.exe
              actor_process_file_name = explorer.exe
              actor_process_pid = 10
              status = Success
              attacks_technique_uid = T1059.001
              attacks = [{"technique":{"uid":"T1059.001","name":"PowerShell"}}]
              policy_name = technique_id=T1059.001,technique_name=PowerShell
              unmapped = {"Event":{"System":{"Security":{"#attributes":{"UserID":"S-1-5-18"}}}},"EventData":{"Hashes":"MD5=AA,SHA256=BB,IMPHASH=CC"}}
        "##]],
    );
}

#[test]
fn nxlog_writes_local_time_so_that_the_time_of_sysmon_counts() {
    check(
        r#"{"EventTime":"2026-03-01 13:00:00","Hostname":"ws1","EventID":3,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":"2026-03-01 12:00:00.500","Image":"C:\\a.exe","ProcessId":"7","Protocol":"tcp","Initiated":"false","SourceIsIpv6":"true","SourceIp":"2001:db8::1","SourcePort":"443","DestinationIp":"::ffff:192.0.2.9","DestinationPort":"50000","EventReceivedTime":"2026-03-01 13:00:01"}"#,
        expect![[r#"
            network_activity
              time = 1772366400500
              activity_name = Open
              severity = Informational
              metadata_event_code = 3
              device_hostname = ws1
              actor_process_file_path = C:\a.exe
              actor_process_name = a.exe
              actor_process_file_name = a.exe
              actor_process_pid = 7
              src_endpoint_ip = 2001:db8::1
              dst_endpoint_ip = 192.0.2.9
              src_endpoint_port = 443
              dst_endpoint_port = 50000
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 6
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              is_src_dst_assignment_known = true
              unmapped = {"UtcTime":"2026-03-01 12:00:00.500","EventReceivedTime":"2026-03-01 13:00:01"}
        "#]],
    );
}

#[test]
fn an_event_that_nobody_knows_keeps_all_its_data() {
    check(
        r##"{"Event":{"System":{"Provider":{"#attributes":{"Name":"Example"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":77},"TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T12:00:00Z"}},"Channel":"Application","Computer":"ws1","Level":2},"UserData":{"Thing":{"a.b":"1","Empty":null,"List":["x","y"]}}}}"##,
        expect![[r##"
            event_log_activity
              time = 1772366400000
              activity_name = Unknown
              severity = Medium
              metadata_event_code = 77
              device_hostname = ws1
              log_name = Application
              log_provider = Example
              unmapped = {"Event":{"System":{"EventID":{"#attributes":{"Qualifiers":0}}}},"EventData":{"a.b":"1","List":["x","y"]}}
        "##]],
    );
}

#[test]
fn a_remote_desktop_session_is_a_logon_from_its_address() {
    check(
        r#"{"winlog":{"channel":"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational","provider_name":"Microsoft-Windows-TerminalServices-LocalSessionManager","event_id":21,"user_data":{"User":"X\\ada","SessionID":"3","Address":"192.0.2.7","xml_name":"EventXML"}},"@timestamp":"2026-03-01T12:00:00Z"}"#,
        expect![[r#"
            authentication
              time = 1772366400000
              activity_name = Logon
              severity = Informational
              metadata_event_code = 21
              user_name = ada
              user_domain = X
              src_endpoint_ip = 192.0.2.7
              actor_session_terminal = 3
              logon_type_id = 10
              logon_type = Remote Interactive
              is_remote = true
              status = Success
        "#]],
    );
}

#[test]
fn a_file_on_a_share_keeps_its_share() {
    check(
        r#"{"winlog":{"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":5145,"event_data":{"SubjectUserName":"ada","ShareName":"\\\\*\\ADMIN$","RelativeTargetName":"Temp\\x.exe","IpAddress":"192.0.2.7","IpPort":"1","AccessMask":"0x2"}},"@timestamp":"2026-03-01T12:00:00Z"}"#,
        expect![[r#"
            event_log_activity
              time = 1772366400000
              activity_name = Unknown
              severity = Informational
              metadata_event_code = 5145
              actor_user_name = ada
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 1
              file_name = x.exe
              file_path = \\*\ADMIN$\Temp\x.exe
              log_name = Security
              log_provider = Microsoft-Windows-Security-Auditing
              unmapped = {"EventData":{"AccessMask":"0x2"}}
        "#]],
    );
}

#[test]
fn an_installed_service_is_a_job_with_its_command_line() {
    check(
        r#"{"event_id":7045,"log_name":"System","source_name":"Service Control Manager","@timestamp":"2026-03-01T12:00:00Z","computer_name":"srv1","event_data":{"ServiceName":"Evil","ImagePath":"\"C:\\Program Files\\evil.exe\" -k","StartType":"auto start","AccountName":"LocalSystem"}}"#,
        expect![[r#"
            scheduled_job_activity
              time = 1772366400000
              activity_name = Create
              severity = Informational
              metadata_event_code = 7045
              device_hostname = srv1
              job_name = Evil
              job_user_name = LocalSystem
              job_file_name = evil.exe
              job_file_path = C:\Program Files\evil.exe
              job_cmd_line = "C:\Program Files\evil.exe" -k
              job_run_state = auto start
              job_desc = Windows service
              unmapped = {"EventData":{"StartType":"auto start"}}
        "#]],
    );
}

#[test]
fn registry_events_of_sysmon_tell_keys_from_values() {
    let event = |id: u8, kind: &str, more: &str| {
        format!(
            r#"{{"EventID":{id},"SourceName":"Microsoft-Windows-Sysmon","Channel":"x","TimeCreated":"2026-03-01T12:00:00Z","EventType":"{kind}","TargetObject":"HKLM\\Software\\Run\\Updater"{more}}}"#
        )
    };
    let input = [
        event(12, "CreateKey", ""),
        event(12, "DeleteValue", ""),
        event(13, "SetValue", r#","Details":"DWORD (0x00000001)""#),
        event(14, "RenameKey", r#","NewName":"HKLM\\Software\\Run\\New""#),
    ];
    check(
        &input.join("\n"),
        expect![[r#"
        registry_key_activity
          time = 1772366400000
          activity_name = Create
          severity = Informational
          metadata_event_code = 12
          reg_key_path = HKLM\Software\Run\Updater
          unmapped = {"EventType":"CreateKey"}
        registry_value_activity
          time = 1772366400000
          activity_name = Delete
          severity = Informational
          metadata_event_code = 12
          reg_value_path = HKLM\Software\Run
          reg_value_name = Updater
          unmapped = {"EventType":"DeleteValue"}
        registry_value_activity
          time = 1772366400000
          activity_name = Set
          severity = Informational
          metadata_event_code = 13
          reg_value_path = HKLM\Software\Run
          reg_value_name = Updater
          reg_value_type_id = 2
          reg_value_type = REG_DWORD
          reg_value_reg_string_data = DWORD (0x00000001)
          unmapped = {"EventType":"SetValue"}
        registry_key_activity
          time = 1772366400000
          activity_name = Rename
          severity = Informational
          metadata_event_code = 14
          prev_reg_key_path = HKLM\Software\Run\Updater
          reg_key_path = HKLM\Software\Run\New
          unmapped = {"EventType":"RenameKey"}
    "#]],
    );
}

#[test]
fn sentinel_rows_with_xml_data_and_azure_records_with_xml_events_are_read() {
    check(
        concat!(
            r#"{"TimeGenerated":"2026-03-01T12:00:00Z","Computer":"ws1","EventSourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","EventID":5156,"EventData":"<EventData xmlns=\"x\"><Data Name=\"ProcessID\">4</Data><Data Name=\"Application\">System</Data><Data Name=\"Direction\">%%14592</Data><Data Name=\"SourceAddress\">192.0.2.1</Data><Data Name=\"DestAddress\">192.0.2.2</Data><Data Name=\"DestPort\">445</Data><Data Name=\"Protocol\">6</Data></EventData>"}"#,
            "\n",
            r#"{"category":"WindowsEventLogsTable","properties":{"EventId":4740,"Role":"IaaS","RawXml":"<Event><System><Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4740</EventID><TimeCreated SystemTime='2026-03-01T12:00:00Z'/><Channel>Security</Channel><Computer>dc1</Computer></System><EventData><Data Name='TargetUserName'>ada</Data><Data Name='TargetDomainName'>WS7</Data><Data Name='TargetSid'>S-1-5-21-1-2-3-1105</Data></EventData></Event>"}}"#
        ),
        expect![[r#"
            network_activity
              time = 1772366400000
              activity_name = Open
              severity = Informational
              metadata_event_code = 5156
              device_hostname = ws1
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              actor_process_file_path = System
              actor_process_name = System
              actor_process_file_name = System
              actor_process_pid = 4
              src_endpoint_ip = 192.0.2.1
              dst_endpoint_ip = 192.0.2.2
              dst_endpoint_port = 445
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_direction_id = 1
              connection_info_direction = Inbound
            account_change
              time = 1772366400000
              activity_name = Lock
              severity = Informational
              metadata_event_code = 4740
              device_hostname = dc1
              src_endpoint_hostname = WS7
              user_type_id = 1
              user_type = User
              user_name = ada
              user_uid = S-1-5-21-1-2-3-1105
              unmapped = {"category":"WindowsEventLogsTable","EventId":4740,"Role":"IaaS"}
        "#]],
    );
}

#[test]
fn a_table_exported_from_sentinel_is_read_by_the_names_of_its_columns() {
    check(
        ",TenantId,Account,EventID,TimeGenerated,Computer,TargetUserName,TargetDomainName,LogonType,IpAddress,LogonProcessName\n0,t1,X\\ada,4624,2026-03-01 12:00:00.980,srv1,ada,X,3,fe80::1,\"Advapi  \"\n1,t1,X\\ada,4624,never,srv1,ada,X,3,-,-\n",
        expect![[r#"
            authentication
              time = 1772366400980
              activity_name = Logon
              severity = Informational
              metadata_event_code = 4624
              device_hostname = srv1
              metadata_tenant_uid = t1
              is_new_logon = true
              user_name = ada
              user_domain = X
              logon_type_id = 3
              logon_type = Network
              is_remote = true
              src_endpoint_ip = fe80::1
              logon_process_name = Advapi
              status = Success
              unmapped = {"column0":"0","TenantId":"t1","Account":"X\\ada","Computer":"srv1","TargetUserName":"ada","TargetDomainName":"X","LogonType":"3","IpAddress":"fe80::1","LogonProcessName":"Advapi  "}
            reject at 190: the field TimeGenerated is "\"never\"", not a time
        "#]],
    );
}

#[test]
fn what_lacks_its_number_or_its_time_is_a_reject() {
    check(
        concat!(
            r#"{"winlog":{"channel":"Security"},"@timestamp":"2026-03-01T12:00:00Z"}"#,
            "\n",
            r#"{"EventID":4624,"Channel":"Security"}"#,
            "\n",
            r#"{"EventID":4624,"Channel":"Security","EventTime":"yesterday"}"#
        ),
        expect![[r#"
            reject at 0: the field EventID is missing
            reject at 70: the field TimeCreated is missing
            reject at 108: the field EventTime is "\"yesterday\"", not a time
        "#]],
    );
}

#[test]
fn odd_types_and_sizes_never_lose_an_event() {
    check(
        r#"{"EventID":4624,"Channel":"Security","SourceName":"Microsoft-Windows-Security-Auditing","TimeGenerated":"2026-03-01T12:00:00Z","IpPort":99999999999999999999,"LogonType":[3],"TargetUserName":{"a":1},"IpAddress":"LOCAL","TargetDomainName":null,"ProcessId":"0xffffffffffffffffff","Keywords":1e300}"#,
        expect![[r#"
            authentication
              time = 1772366400000
              activity_name = Logon
              severity = Informational
              metadata_event_code = 4624
              is_new_logon = true
              status = Success
              unmapped = {"LogonType":[3],"TargetUserName":{"a":1},"IpAddress":"LOCAL","ProcessId":"0xffffffffffffffffff","Keywords":1e+300,"src_endpoint.port":9223372036854775807}
        "#]],
    );
}

#[test]
fn every_form_is_recognised_by_its_beginning() {
    let forms = [
        "ElfFile\0",
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>",
        r#"{"winlog":{"event_id":1}}"#,
        r#"{"winlog.event_id":1,"winlog.channel":"Security"}"#,
        r#"{"event_id":1,"log_name":"Security"}"#,
        r##"{"Event":{"System":{"EventID":1}}}"##,
        r#"{"EventID":1,"Channel":"Security"}"#,
        r#"{"events":[{"winlog":{"event_id":1}}]}"#,
        "TenantId,EventID,TimeGenerated,Computer",
    ];
    for form in forms {
        assert_eq!(detect(form.as_bytes(), "x"), Some(Source::WindowsEvent), "{form}");
    }
}
