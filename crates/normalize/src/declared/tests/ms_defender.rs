//! Records of Microsoft Defender XDR and Defender for Endpoint.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source(name: &str) -> Source {
    Source::named(name).expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(name: &str, input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source(name)));
    expected.assert_eq(&shown(source(name), input.as_bytes()));
}

#[test]
fn a_new_process_has_the_one_that_started_it_as_parent_and_actor() {
    check(
        "ms_defender_xdr",
        r#"{"time":"2026-03-01T12:00:05Z","tenantId":"t1","operationName":"Publish","category":"AdvancedHunting-DeviceProcessEvents","properties":{"Timestamp":"2026-03-01T12:00:00Z","DeviceName":"ws1.corp.example","DeviceId":"d1","ReportId":7,"ActionType":"ProcessCreated","FileName":"tool.exe","FolderPath":"C:\\x\\tool.exe","SHA256":"aa","ProcessId":42,"ProcessCommandLine":"tool -x","AccountName":"mara","AccountDomain":"corp","AccountSid":"S-1","InitiatingProcessFileName":"cmd.exe","InitiatingProcessId":41,"InitiatingProcessCommandLine":"cmd","InitiatingProcessAccountName":"mara","InitiatingProcessParentFileName":"explorer.exe","MachineGroup":"g"}}"#,
        expect![[r#"
            process_activity: Launch at 2026-03-01T12:00:00.000Z
              status = Success
              process_name = tool.exe
              process_pid = 42
              process_cmd_line = tool -x
              process_file_path = C:\x\tool.exe
              process_file_name = tool.exe
              process_file_hashes_sha256_value = aa
              process_user_name = mara
              process_user_domain = corp
              process_user_uid = S-1
              process_parent_process_name = cmd.exe
              process_parent_process_pid = 41
              process_parent_process_cmd_line = cmd
              process_parent_process_user_name = mara
              metadata_uid = 7
              metadata_event_code = ProcessCreated
              metadata_log_name = AdvancedHunting-DeviceProcessEvents
              metadata_tenant_uid = t1
              metadata_logged_time = 1772366405000
              device_hostname = ws1.corp.example
              device_uid = d1
              actor_process_name = cmd.exe
              actor_process_pid = 41
              actor_process_cmd_line = cmd
              actor_process_file_name = cmd.exe
              actor_process_user_name = mara
              actor_process_parent_process_name = explorer.exe
              actor_user_name = mara
              actor_user_domain = corp
              actor_user_uid = S-1
              actor_user_uid_alt = S-1
              unmapped = {"operationName":"Publish","MachineGroup":"g"}
        "#]],
    );
}

#[test]
fn where_a_connection_came_from_depends_on_its_direction() {
    check(
        "ms_defender_xdr",
        r#"{"Timestamp":"2026-03-01T12:00:00Z","DeviceName":"ws1","DeviceId":"d1","ReportId":7,"ActionType":"ConnectionSuccess","LocalIP":"10.0.0.1","LocalPort":50000,"RemoteIP":"203.0.113.9","RemotePort":443,"RemoteUrl":"c2.example","Protocol":"TcpV4"}
{"Timestamp":"2026-03-01T12:00:00Z","DeviceName":"ws1","DeviceId":"d1","ReportId":8,"ActionType":"InboundConnectionAccepted","LocalIP":"10.0.0.1","LocalPort":22,"RemoteIP":"203.0.113.9","RemotePort":40000}"#,
        expect![[r#"
            network_activity: Open at 2026-03-01T12:00:00.000Z
              status = Success
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 50000
              src_endpoint_hostname = ws1
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              dst_endpoint_hostname = c2.example
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 4
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              url_hostname = c2.example
              metadata_uid = 7
              metadata_event_code = ConnectionSuccess
              device_hostname = ws1
              device_uid = d1
              device_ip = 10.0.0.1
            network_activity: Open at 2026-03-01T12:00:00.000Z
              status = Success
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 40000
              dst_endpoint_ip = 10.0.0.1
              dst_endpoint_port = 22
              dst_endpoint_hostname = ws1
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              metadata_uid = 8
              metadata_event_code = InboundConnectionAccepted
              device_hostname = ws1
              device_uid = d1
              device_ip = 10.0.0.1
        "#]],
    );
}

#[test]
fn an_alert_of_graph_has_its_evidence_whole() {
    check(
        "ms_defender_xdr",
        r##"{"value":[{"@odata.type":"#microsoft.graph.security.alert","id":"a1","incidentId":"7","status":"resolved","severity":"high","serviceSource":"microsoftDefenderForEndpoint","detectionSource":"antivirus","title":"Malware","description":"It was found.","category":"Malware","mitreTechniques":["T1059"],"createdDateTime":"2026-03-01T12:00:00Z","evidence":[{"@odata.type":"#microsoft.graph.security.fileEvidence","fileDetails":{"fileName":"x.exe","sha256":"aa"}}]}]}"##,
        expect![[r##"
            detection_finding: Close at 2026-03-01T12:00:00.000Z
              severity = High
              status = Resolved
              metadata_log_name = security/alerts
              metadata_product_feature_name = Microsoft Graph
              metadata_event_code = Malware
              metadata_uid = a1
              metadata_correlation_uid = 7
              message = Malware
              finding_info_uid = a1
              finding_info_title = Malware
              finding_info_desc = It was found.
              finding_info_types = Malware
              finding_info_analytic_name = Malware
              finding_info_product_uid = microsoftDefenderForEndpoint
              finding_info_created_time = 1772366400000
              attacks_technique_uid = T1059
              is_alert = true
              evidences_process_name = x.exe
              evidences = [{"data":{"type":"#microsoft.graph.security.fileEvidence"},"file":{"hashes":[{"algorithm":"SHA-256","algorithm_id":3,"value":"aa"}],"name":"x.exe"}}]
              unmapped = {"@odata.type":"#microsoft.graph.security.alert","detectionSource":"antivirus"}
        "##]],
    );
}

#[test]
fn an_e_mail_is_traffic_and_its_attachment_a_file() {
    check(
        "ms_defender_xdr",
        r#"{"Timestamp":"2026-03-01T12:00:00Z","NetworkMessageId":"m1","ReportId":"r1","SenderFromAddress":"eve@bad.example","RecipientEmailAddress":"mara@corp.example","SenderIPv4":"203.0.113.9","Subject":"Invoice","EmailDirection":"Inbound","DeliveryAction":"Blocked"}
{"Timestamp":"2026-03-01T12:00:00Z","NetworkMessageId":"m1","ReportId":"r2","SenderFromAddress":"eve@bad.example","FileName":"invoice.js","FileType":"js","SHA256":"aa"}"#,
        expect![[r#"
            network_activity: Traffic at 2026-03-01T12:00:00.000Z
              status = Failure
              metadata_correlation_uid = m1
              app_protocol_name = smtp
              action = Denied
              action_id = 2
              src_endpoint_ip = 203.0.113.9
              actor_user_name = eve@bad.example
              actor_user_email_addr = eve@bad.example
              dst_endpoint_svc_name = mara@corp.example
              connection_info_direction = Inbound
              connection_info_direction_id = 1
              message = Invoice
              metadata_uid = r1
              metadata_event_code = Blocked
            file_activity: js at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_event_code = EmailAttachment
              metadata_correlation_uid = m1
              actor_user_name = eve@bad.example
              actor_user_email_addr = eve@bad.example
              file_type = js
              file_name = invoice.js
              file_hashes_sha256_value = aa
              metadata_uid = r2
        "#]],
    );
}

#[test]
fn a_table_of_processes_and_an_alert_of_the_endpoint_api() {
    check(
        "ms_defender_mde",
        "CreatedProcessId,CreatedProcessName,CreatedProcessCommandLine,CreatedProcessCreationTime,InitiatingProcessId,InitiatingProcessName\n42,tool.exe,\"tool \"\"-x\"\"\",2026-03-01 12:00:00.5+00:00,41,cmd.exe\n",
        expect![[r#"
            process_activity: Launch at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = ProcessCreated
              process_name = tool.exe
              process_pid = 42
              process_cmd_line = tool "-x"
              process_created_time = 1772366400500
              actor_process_name = cmd.exe
              actor_process_pid = 41
        "#]],
    );
    check(
        "ms_defender_mde",
        r#"{"id":"a1","status":"New","severity":"Medium","title":"Beacon","alertCreationTime":"2026-03-01T12:00:00Z","machineId":"d1","computerDnsName":"ws1","relatedUser":{"userName":"mara"}}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Medium
              status = New
              is_alert = true
              metadata_uid = a1
              message = Beacon
              device_hostname = ws1
              device_uid = d1
              finding_info_uid = a1
              finding_info_title = Beacon
              finding_info_created_time = 1772366400000
              evidences_actor_user_name = mara
        "#]],
    );
}

#[test]
fn the_endpoint_source_reads_the_tables_of_advanced_hunting_too() {
    let record = br#"{"Timestamp":"2026-03-01T12:00:00Z","DeviceId":"d1","ReportId":7,"ActionType":"LogonFailed","AccountName":"mara","RemoteIP":"10.0.0.9"}"#;
    assert_eq!(shown(source("ms_defender_mde"), record), shown(source("ms_defender_xdr"), record));
}

#[test]
fn what_an_hour_of_the_same_and_what_was_kept_from_running_become() {
    let record =
        |fields: &str| format!(r#"{{"Timestamp":"2026-03-01T12:00:00Z","DeviceName":"ws1","DeviceId":"d1","ReportId":7,{fields}}}"#) + "\n";
    let records = [
        r#""ActionType":"LogonFailedAggregatedReport","AccountName":"mara","LogonType":"Network","RemoteIP":"203.0.113.9","AdditionalFields":"{\"uniqueEventsAggregated\":40}""#,
        r#""ActionType":"ConnectionFailedAggregatedReport","RemoteIP":"203.0.113.9","RemotePort":3389"#,
        r#""ActionType":"ProcessCreatedAggregatedReport","FileName":"tool.exe","ProcessCommandLine":"tool -x","InitiatingProcessFileName":"cmd.exe""#,
        r#""ActionType":"AppControlExecutableBlocked","FileName":"tool.exe","FolderPath":"C:\\x","InitiatingProcessFileName":"cmd.exe""#,
        r#""ActionType":"AppLockerBlockScript","FileName":"x.ps1""#,
        r#""ActionType":"FirewallInboundConnectionBlocked","RemoteIP":"203.0.113.9","LocalIP":"10.0.0.1","LocalPort":445"#,
        r#""ActionType":"Account Display Name changed","AccountName":"mara""#,
        r#""ActionType":"BrowserLaunchedToOpenUrl","RemoteUrl":"https://evil.example/a""#,
    ];
    check(
        "ms_defender_xdr",
        &records.map(record).concat(),
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Failure
              user_name = mara
              src_endpoint_ip = 203.0.113.9
              logon_type = Network
              logon_type_id = 3
              is_remote = true
              metadata_uid = 7
              metadata_event_code = LogonFailedAggregatedReport
              count = 40
              device_hostname = ws1
              device_uid = d1
              actor_user_name = mara
            network_activity: Fail at 2026-03-01T12:00:00.000Z
              status = Failure
              src_endpoint_hostname = ws1
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 3389
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              metadata_uid = 7
              metadata_event_code = ConnectionFailedAggregatedReport
              device_hostname = ws1
              device_uid = d1
            process_activity: Launch at 2026-03-01T12:00:00.000Z
              status = Success
              process_name = tool.exe
              process_cmd_line = tool -x
              process_file_name = tool.exe
              process_parent_process_name = cmd.exe
              metadata_uid = 7
              metadata_event_code = ProcessCreatedAggregatedReport
              device_hostname = ws1
              device_uid = d1
              actor_process_name = cmd.exe
              actor_process_file_name = cmd.exe
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              status = New
              finding_info_uid = 7
              finding_info_title = AppControlExecutableBlocked
              finding_info_types = AppControlExecutableBlocked
              is_alert = true
              action = Denied
              action_id = 2
              evidences_process_name = cmd.exe
              evidences_process_file_path = C:\x
              metadata_uid = 7
              metadata_event_code = AppControlExecutableBlocked
              device_hostname = ws1
              device_uid = d1
              unmapped = {"FileName":"tool.exe"}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              status = New
              finding_info_uid = 7
              finding_info_title = AppLockerBlockScript
              finding_info_types = AppLockerBlockScript
              is_alert = true
              action = Denied
              action_id = 2
              evidences_process_name = x.ps1
              metadata_uid = 7
              metadata_event_code = AppLockerBlockScript
              device_hostname = ws1
              device_uid = d1
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              status = Failure
              src_endpoint_ip = 203.0.113.9
              dst_endpoint_ip = 10.0.0.1
              dst_endpoint_port = 445
              dst_endpoint_hostname = ws1
              connection_info_direction_id = 1
              connection_info_direction = Inbound
              metadata_uid = 7
              metadata_event_code = FirewallInboundConnectionBlocked
              device_hostname = ws1
              device_uid = d1
              device_ip = 10.0.0.1
            account_change: Account Display Name changed at 2026-03-01T12:00:00.000Z
              status = Success
              user_name = mara
              metadata_uid = 7
              metadata_event_code = Account Display Name changed
              device_hostname = ws1
              device_uid = d1
              actor_user_name = mara
            http_activity: BrowserLaunchedToOpenUrl at 2026-03-01T12:00:00.000Z
              status = Success
              http_request_url_url_string = https://evil.example/a
              src_endpoint_hostname = ws1
              metadata_uid = 7
              metadata_event_code = BrowserLaunchedToOpenUrl
              device_hostname = ws1
              device_uid = d1
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source("ms_defender_xdr"),
        r#"{"time":"2026-03-01T12:00:05Z","category":"AdvancedHunting-AlertEvidence","properties":{"Timestamp":"2026-03-01T12:00:00Z","AlertId":"a","EntityType":"Process","SHA256":"aa","AdditionalFields":"{\"ProcessId\":\"7\"}","FileName":"f","RemoteIP":"10.0.0.1"}}"#,
    );
}
