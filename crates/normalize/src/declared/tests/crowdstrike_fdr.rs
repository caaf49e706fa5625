//! Events of CrowdStrike's Falcon Data Replicator.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("crowdstrike_fdr").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_process_starts_and_ends() {
    check(
        r#"{"event_simpleName":"ProcessRollup2","aid":"a1","cid":"c1","aip":"198.51.100.7","id":"e1","event_platform":"Win","timestamp":"1772370000000","ProcessStartTime":"1772366400.014","TargetProcessId":"700","RawProcessId":"42","SourceProcessId":"600","ParentProcessId":"600","ParentBaseFileName":"cmd.exe","GrandParentBaseFileName":"explorer.exe","ImageFileName":"\\Device\\HarddiskVolume1\\Windows\\System32\\whoami.exe","CommandLine":"whoami /all","UserSid":"S-1-5-18","AuthenticationId":"999","IntegrityLevel":"16384","SHA1HashData":"0000000000000000000000000000000000000000","SHA256HashData":" 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b","SignInfoFlags":"1"}
{"event_simpleName":"EndOfProcess","aid":"a1","cid":"c1","timestamp":"1772366402000","ContextTimeStamp":"1772366401.250","ContextProcessId":"700","TargetProcessId":"700","RawProcessId":"42","ExitCode":"3"}
{"event_simpleName":"EndOfProcess","aid":"a1","cid":"c1","timestamp":"1772366402000","ContextTimeStamp":"134168400012500000","TargetProcessId":"700"}"#,
        expect![[r#"
            process_activity: Launch at 2026-03-01T12:00:00.014Z
              status = Success
              process_uid = 700
              process_pid = 42
              process_name = whoami.exe
              process_cmd_line = whoami /all
              process_created_time = 1772366400014
              process_file_path = \Device\HarddiskVolume1\Windows\System32\whoami.exe
              process_file_name = whoami.exe
              process_file_hashes_sha256_value = 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
              process_integrity = System
              process_user_uid = S-1-5-18
              process_session_uid = 999
              process_parent_process_uid = 600
              process_parent_process_name = cmd.exe
              actor_process_uid = 600
              actor_process_name = cmd.exe
              actor_process_parent_process_name = explorer.exe
              metadata_product_feature_name = Falcon Data Replicator
              metadata_uid = e1
              metadata_event_code = ProcessRollup2
              metadata_tenant_uid = c1
              metadata_logged_time = 1772370000000
              device_uid = a1
              device_ip = 198.51.100.7
              device_os_name = Windows
              device_os_type_id = 100
              actor_user_uid = S-1-5-18
              actor_session_uid = 999
              unmapped = {"SHA1HashData":"0000000000000000000000000000000000000000","SignInfoFlags":"1"}
            process_activity: Terminate at 2026-03-01T12:00:01.250Z
              status = Success
              process_uid = 700
              process_pid = 42
              actor_process_uid = 700
              exit_code = 3
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = EndOfProcess
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366402000
              device_uid = a1
            process_activity: Terminate at 2026-03-01T12:00:02.000Z
              status = Success
              process_uid = 700
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = EndOfProcess
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366402000
              device_uid = a1
              unmapped = {"ContextTimeStamp":"134168400012500000"}
        "#]],
    );
}

#[test]
fn connections_and_names() {
    check(
        r#"{"event_simpleName":"NetworkConnectIP4","aid":"a1","cid":"c1","aip":"198.51.100.7","timestamp":"1772366400900","ContextTimeStamp":"1772366400.250","ContextProcessId":"700","ContextBaseFileName":"curl","LocalAddressIP4":"10.0.0.1","LocalPort":"40000","RemoteAddressIP4":"203.0.113.9","RemotePort":"443","Protocol":"6","ConnectionDirection":"0","event_platform":"Lin"}
{"event_simpleName":"NetworkReceiveAcceptIP6","aid":"a1","cid":"c1","timestamp":"1772366400900","LocalAddressIP6":"2001:db8::1","LocalPort":"22","RemoteAddressIP6":"2001:db8::2","RemotePort":"40000","Protocol":"17","ConnectionDirection":"1"}
{"event_simpleName":"NetworkListenIP4","aid":"a1","cid":"c1","timestamp":"1772366400900","LocalAddressIP4":"0.0.0.0","LocalPort":"4444","Protocol":"6"}
{"event_simpleName":"DnsRequest","aid":"a1","cid":"c1","timestamp":"1772366400900","DomainName":"c2.example","RequestType":"28","QueryStatus":"9003","RespondingDnsServer":"10.0.0.53","IP4Records":"203.0.113.9;203.0.113.10;"}"#,
        expect![[r#"
            network_activity: Open at 2026-03-01T12:00:00.250Z
              status = Success
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 40000
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 4
              connection_info_direction = Outbound
              connection_info_direction_id = 2
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = NetworkConnectIP4
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
              device_ip = 198.51.100.7
              device_os_name = Linux
              device_os_type_id = 200
              actor_process_uid = 700
              actor_process_name = curl
            network_activity: Open at 2026-03-01T12:00:00.900Z
              status = Success
              src_endpoint_ip = 2001:db8::2
              src_endpoint_port = 40000
              dst_endpoint_ip = 2001:db8::1
              dst_endpoint_port = 22
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              connection_info_protocol_ver_id = 6
              connection_info_direction = Inbound
              connection_info_direction_id = 1
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = NetworkReceiveAcceptIP6
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            network_activity: Listen at 2026-03-01T12:00:00.900Z
              status = Success
              src_endpoint_ip = 0.0.0.0
              src_endpoint_port = 4444
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 4
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = NetworkListenIP4
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            dns_activity: Query at 2026-03-01T12:00:00.900Z
              status = Success
              query_hostname = c2.example
              query_type = AAAA
              rcode = NXDomain
              rcode_id = 3
              answers_rdata = 203.0.113.9 | 203.0.113.10
              dst_endpoint_ip = 10.0.0.53
              dst_endpoint_port = 53
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = DnsRequest
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
        "#]],
    );
}

#[test]
fn sign_ins_and_groups() {
    check(
        r#"{"event_simpleName":"UserLogon","aid":"a1","cid":"c1","timestamp":"1772366400900","UserName":"mara","UserSid":"S-1-5-21-1-2-3-1001","LogonDomain":"ACME","LogonType":"10","RemoteAddressIP4":"203.0.113.9","ClientComputerName":"LAPTOP","AuthenticationPackage":"Kerberos","AuthenticationId":"77","RemoteAccount":"1"}
{"event_simpleName":"UserLogonFailed2","aid":"a1","cid":"c1","timestamp":"1772366400900","UserName":"mara","LogonType":"3","SubStatus":"3221225578","Status":"3221225581"}
{"event_simpleName":"UserLogoff","aid":"a1","cid":"c1","timestamp":"1772366400900","UserName":"mara","UserSid":"S-1-5-21-1-2-3-1001","AuthenticationId":"77"}
{"event_simpleName":"UserAccountAddedToGroup","aid":"a1","cid":"c1","timestamp":"1772366400900","DomainSid":"S-1-5-21-1-2-3","UserRid":"1001","GroupRid":"512","RpcClientProcessId":"700"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.900Z
              status = Success
              user_name = mara
              user_uid = S-1-5-21-1-2-3-1001
              user_domain = ACME
              src_endpoint_ip = 203.0.113.9
              src_endpoint_name = LAPTOP
              session_uid = 77
              auth_protocol = Kerberos
              auth_protocol_id = 2
              logon_type_id = 10
              is_remote = true
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = UserLogon
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
              actor_user_name = mara
              actor_user_uid = S-1-5-21-1-2-3-1001
              actor_user_domain = ACME
              actor_session_uid = 77
            authentication: Logon at 2026-03-01T12:00:00.900Z
              status = Failure
              user_name = mara
              logon_type_id = 3
              status_code = 3221225578
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = UserLogonFailed2
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
              actor_user_name = mara
              unmapped = {"Status":"3221225581"}
            authentication: Logoff at 2026-03-01T12:00:00.900Z
              status = Success
              user_name = mara
              user_uid = S-1-5-21-1-2-3-1001
              session_uid = 77
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = UserLogoff
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
              actor_user_name = mara
              actor_user_uid = S-1-5-21-1-2-3-1001
              actor_session_uid = 77
            group_management: Add User at 2026-03-01T12:00:00.900Z
              status = Success
              user_uid = S-1-5-21-1-2-3-1001
              actor_process_uid = 700
              group_uid = S-1-5-21-1-2-3-512
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = UserAccountAddedToGroup
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
        "#]],
    );
}

#[test]
fn files_modules_and_registry() {
    check(
        r#"{"event_simpleName":"PeFileWritten","aid":"a1","cid":"c1","timestamp":"1772366400900","ContextProcessId":"700","FileOperatorSid":"S-1-5-18","TargetFileName":"\\Device\\HarddiskVolume3\\Temp\\a.exe","Size":"12","SHA256HashData":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}
{"event_simpleName":"NewExecutableRenamed","aid":"a1","cid":"c1","timestamp":"1772366400900","SourceFileName":"\\Temp\\a.tmp","TargetFileName":"\\Temp\\b.exe"}
{"event_simpleName":"FileDeleteInfo","aid":"a1","cid":"c1","timestamp":"1772366400900","TargetFileName":"/tmp/a"}
{"event_simpleName":"ClassifiedModuleLoad","aid":"a1","cid":"c1","timestamp":"1772366400900","TargetProcessId":"700","TargetImageFileName":"\\Windows\\rundll32.exe","ImageFileName":"\\Windows\\shell32.dll","MD5HashData":"68b329da9893e34099c7d8ad5cb9c940"}
{"event_simpleName":"AsepValueUpdate","aid":"a1","cid":"c1","timestamp":"1772366400900","RegObjectName":"\\REGISTRY\\MACHINE\\SOFTWARE\\Winlogon","RegValueName":"Shell","RegStringValue":"explorer.exe","RegType":"1"}
{"event_simpleName":"ScriptControlScanTelemetry","aid":"a1","cid":"c1","timestamp":"1772366400900","ScriptContent":"iex","ScriptContentName":"C:\\a.vbs","ImageFileName":"\\Windows\\cscript.exe","CommandLine":"cscript a.vbs"}
{"event_simpleName":"SensorHeartbeat","aid":"a1","cid":"c1","timestamp":"1772366400900"}"#,
        expect![[r#"
            file_activity: Create at 2026-03-01T12:00:00.900Z
              status = Success
              file_name = a.exe
              file_path = \Device\HarddiskVolume3\Temp\a.exe
              file_size = 12
              file_hashes_sha256_value = 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = PeFileWritten
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
              actor_user_uid = S-1-5-18
              actor_process_uid = 700
            file_activity: Rename at 2026-03-01T12:00:00.900Z
              status = Success
              file_name = a.tmp
              file_path = \Temp\a.tmp
              file_result_name = b.exe
              file_result_path = \Temp\b.exe
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = NewExecutableRenamed
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            file_activity: Delete at 2026-03-01T12:00:00.900Z
              status = Success
              file_name = a
              file_path = /tmp/a
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = FileDeleteInfo
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            module_activity: Load at 2026-03-01T12:00:00.900Z
              status = Success
              module_file_name = shell32.dll
              module_file_path = \Windows\shell32.dll
              module_file_hashes_md5_value = 68b329da9893e34099c7d8ad5cb9c940
              actor_process_uid = 700
              actor_process_name = rundll32.exe
              actor_process_file_path = \Windows\rundll32.exe
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = ClassifiedModuleLoad
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            registry_value_activity: Set at 2026-03-01T12:00:00.900Z
              status = Success
              reg_value_path = \REGISTRY\MACHINE\SOFTWARE\Winlogon
              reg_value_name = Shell
              reg_value_type_id = 2
              reg_value_reg_string_data = explorer.exe
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = AsepValueUpdate
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            script_activity: Execute at 2026-03-01T12:00:00.900Z
              status = Success
              script_script_content_value = iex
              script_file_path = C:\a.vbs
              script_file_name = a.vbs
              actor_process_name = cscript.exe
              actor_process_file_path = \Windows\cscript.exe
              actor_process_cmd_line = cscript a.vbs
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = ScriptControlScanTelemetry
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
            event_log_activity: SensorHeartbeat at 2026-03-01T12:00:00.900Z
              status = Success
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = SensorHeartbeat
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
        "#]],
    );
}

#[test]
fn lists_of_hosts_users_and_applications() {
    check(
        r#"{"aid":"a1","cid":"c1","AgentVersion":"6.54","ComputerName":"PC1","MachineDomain":"acme.example","Time":"1772366400.026","aip":"198.51.100.7","City":"Toronto","Country":"Canada","event_platform":"Win","Version":"Windows 11"}
{"cid":"c1","_time":"1772366400.5","discoverer_aid":"a1","ComputerName":"PRINTER","CurrentLocalIP":"10.0.0.9","aip":"198.51.100.7 198.51.100.8","MAC":"06-FA-8B-A0-04-37"}
{"cid":"c1","aid":"a1","_time":"1772366400.5","GatewayIP":"10.0.0.254","GatewayMAC":"11-22-33-44-55-66","LocalAddressIP4":"10.0.0.9","MAC":"06-FA-8B-A0-04-37"}
{"cid":"c1","_time":"1772366400.5","UserSid_readable":"S-1-5-21-1-2-3-1001","UserName":"mara","User":"acme/mara","AccountType":"Domain User"}
{"cid":"c1","_time":"1772366400.5","detectioncount":"1","FileName":"update.exe","SHA256HashData":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}
{"cid":"c1","aid":"a1","scores":{"overall":86,"version":"3.6.1","modified_time":"2026-03-01T12:00:00.489579379Z"},"assessments":{"kmci_enabled":"yes"}}"#,
        expect![[r#"
            event_log_activity: Other at 2026-03-01T12:00:00.026Z
              status = Success
              metadata_event_code = aidmaster
              device_os_version = Windows 11
              device_location_city = Toronto
              device_location_country = Canada
              metadata_product_feature_name = Falcon Data Replicator
              metadata_product_version = 6.54
              metadata_tenant_uid = c1
              device_uid = a1
              device_ip = 198.51.100.7
              device_hostname = PC1
              device_domain = acme.example
              device_os_name = Windows
              device_os_type_id = 100
            event_log_activity: Other at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = notmanaged
              device_ip = 10.0.0.9
              device_is_managed = false
              src_endpoint_ip = 10.0.0.9
              src_endpoint_mac = 06-FA-8B-A0-04-37
              src_endpoint_intermediate_ips = 198.51.100.7 | 198.51.100.8
              metadata_product_feature_name = Falcon Data Replicator
              metadata_tenant_uid = c1
              device_hostname = PRINTER
              device_mac = 06-FA-8B-A0-04-37
              unmapped = {"discoverer_aid":"a1"}
            event_log_activity: Other at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = managedassets
              device_ip = 10.0.0.9
              device_is_managed = true
              src_endpoint_ip = 10.0.0.9
              src_endpoint_mac = 06-FA-8B-A0-04-37
              dst_endpoint_ip = 10.0.0.254
              dst_endpoint_mac = 11-22-33-44-55-66
              metadata_product_feature_name = Falcon Data Replicator
              metadata_tenant_uid = c1
              device_uid = a1
              device_mac = 06-FA-8B-A0-04-37
            event_log_activity: Other at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = userinfo
              actor_user_domain = acme
              actor_user_type = Domain User
              metadata_product_feature_name = Falcon Data Replicator
              metadata_tenant_uid = c1
              actor_user_name = mara
              actor_user_uid = S-1-5-21-1-2-3-1001
            event_log_activity: Other at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = appinfo
              file_name = update.exe
              actor_process_file_hashes_sha256_value = 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
              metadata_product_feature_name = Falcon Data Replicator
              metadata_tenant_uid = c1
              unmapped = {"detectioncount":"1"}
            event_log_activity: Other at 2026-03-01T12:00:00.489Z
              status = Success
              metadata_event_code = ZeroTrustHostAssessment
              metadata_product_version = 3.6.1
              metadata_product_feature_name = Falcon Data Replicator
              metadata_tenant_uid = c1
              device_uid = a1
              unmapped = {"scores":{"overall":86},"assessments":{"kmci_enabled":"yes"}}
        "#]],
    );
}

#[test]
fn detections_are_read_as_those_of_event_streams() {
    check(
        r##"{"ExternalApiType":"Event_EppDetectionSummaryEvent","EventType":"Event_ExternalApiEvent","cid":"c1","eid":"118","UTCTimestamp":"1772366400","ProcessStartTime":1772366390,"ProcessId":700,"Hostname":"PC1","UserName":"mara","Name":"NGAV","Description":"This file is malware.","Severity":70,"SeverityName":"High","FileName":"a.exe","FilePath":"\\Temp\\a.exe","CommandLine":"a.exe /x","SHA1String":"0000000000000000000000000000000000000000","AgentId":"a1","CompositeId":"c1:ind:1","PatternDispositionDescription":"Prevention, process was blocked from execution.","Tactic":"Malware","Technique":"PUP"}
{"ExternalApiType":"Event_DetectionSummaryEvent","cid":"c1","timestamp":"2026-03-01T12:00:00Z","ComputerName":"PC1","DetectName":"Overwatch Detection","Severity":5,"DetectId":"ldt:1"}
{"ExternalApiType":"Event_UserActivityAuditEvent","cid":"c1","UTCTimestamp":"1772366400","OperationName":"detection_update","UserId":"ole@corp.example","UserIp":"203.0.113.9","Success":true}
{"#event_simpleName":"Event_EppDetectionSummaryEvent","@timestamp":1772366400000,"cid":"c1","Hostname":"PC1","Name":"NGAV","SeverityName":"Low","CompositeId":"c1:ind:2"}"##,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = High
              status = New
              metadata_uid = c1:ind:1
              message = This file is malware.
              start_time = 1772366390000
              status_detail = Prevention, process was blocked from execution.
              action = Denied
              action_id = 2
              disposition_id = 2
              disposition = Blocked
              is_alert = true
              finding_info_uid = c1:ind:1
              finding_info_title = NGAV
              finding_info_desc = This file is malware.
              finding_info_attacks = [{"tactic":{"name":"Malware"},"technique":{"name":"PUP"}}]
              evidences_actor_user_name = mara
              evidences_process_name = a.exe
              evidences_process_file_path = \Temp\a.exe
              evidences = [{"process":{"uid":"700","name":"a.exe","cmd_line":"a.exe /x","file":{"name":"a.exe","path":"\\Temp\\a.exe"}},"actor":{"user":{"name":"mara"}}}]
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = EppDetectionSummaryEvent
              metadata_log_name = EppDetectionSummaryEvent
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400000
              device_hostname = PC1
              device_uid = a1
              unmapped = {"EventType":"Event_ExternalApiEvent","external_id":"118","Severity":70,"SHA1String":"0000000000000000000000000000000000000000"}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Critical
              status = New
              metadata_uid = ldt:1
              is_alert = true
              finding_info_uid = ldt:1
              finding_info_title = Overwatch Detection
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = DetectionSummaryEvent
              metadata_log_name = DetectionSummaryEvent
              metadata_tenant_uid = c1
              device_hostname = PC1
            api_activity: Update at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = detection_update
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = detection_update
              metadata_log_name = UserActivityAuditEvent
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400000
              actor_user_name = ole@corp.example
              actor_user_email_addr = ole@corp.example
              src_endpoint_ip = 203.0.113.9
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Low
              status = New
              metadata_uid = c1:ind:2
              is_alert = true
              finding_info_uid = c1:ind:2
              finding_info_title = NGAV
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = EppDetectionSummaryEvent
              metadata_log_name = EppDetectionSummaryEvent
              metadata_tenant_uid = c1
              device_hostname = PC1
        "#]],
    );
}

#[test]
fn a_record_within_a_record_is_read() {
    check(
        r#"{"fdr_event_type":"DnsRequest","event":{"event_simpleName":"DnsRequest","aid":"a1","cid":"c1","timestamp":"1772366400900","DomainName":"c2.example"}}"#,
        expect![[r#"
            dns_activity: Query at 2026-03-01T12:00:00.900Z
              status = Success
              query_hostname = c2.example
              metadata_product_feature_name = Falcon Data Replicator
              metadata_event_code = DnsRequest
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400900
              device_uid = a1
              unmapped = {"fdr_event_type":"DnsRequest"}
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"event_simpleName":"ProcessRollup2","aid":"a1","cid":"c1","aip":"198.51.100.7","timestamp":"1772366400900","TargetProcessId":"700","RawProcessId":"42","ImageFileName":"/bin/sh","UID":"0","SHA256HashData":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}"#,
    );
}
