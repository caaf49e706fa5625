//! Events of CrowdStrike Falcon's Event Streams.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("crowdstrike_falcon").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn detections() {
    check(
        r#"{"metadata":{"customerIDString":"c1","offset":7,"eventType":"EppDetectionSummaryEvent","eventCreationTime":1772366400000,"version":"1.0"},"event":{"ProcessStartTime":1772366390,"ProcessId":700,"ParentProcessId":600,"Hostname":"PC1","UserName":"mara","Name":"NGAV","Description":"This file is malware.","Severity":70,"FileName":"a.exe","FilePath":"\\Temp\\a.exe","CommandLine":"a.exe /x","ParentCommandLine":"cmd.exe","SHA256String":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b","AgentId":"a1","CompositeId":"c1:ind:1","LocalIP":"10.0.0.1","IOCType":"domain","IOCValue":"c2.example","Tactic":"Malware","Technique":"PUP","TechniqueId":"CST0001","PatternDispositionDescription":"Prevention/Quarantine, process was blocked.","PatternDispositionFlags":{"QuarantineFile":true},"NetworkAccesses":[{"LocalAddress":"10.0.0.1","LocalPort":4000,"RemoteAddress":"203.0.113.9","RemotePort":443}]}}
{"metadata":{"customerIDString":"c1","offset":8,"eventType":"DetectionSummaryEvent","eventCreationTime":1772366400000},"event":{"ComputerName":"PC1","UserName":"ACME\\mara","DetectName":"Overwatch Detection","Severity":5,"DetectId":"ldt:1","PatternDispositionDescription":"Detection, standard detection."}}
{"metadata":{"customerIDString":"c1","offset":9,"eventType":"AutomatedLeadSummaryEvent","eventCreationTime":1772366400000},"event":{"LeadId":"l1","Name":"PC1","Score":54,"SignalStartTimestamp":1772366390,"MitreAttack":[{"Tactic":"Execution","TacticID":"TA0002","Technique":"User Execution","TechniqueID":"T1204"}]}}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = High
              status = New
              metadata_uid = c1:ind:1
              message = This file is malware.
              start_time = 1772366390000
              status_detail = Prevention/Quarantine, process was blocked.
              action = Denied
              action_id = 2
              disposition_id = 3
              disposition = Quarantined
              is_alert = true
              finding_info_uid = c1:ind:1
              finding_info_title = NGAV
              finding_info_desc = This file is malware.
              finding_info_created_time = 1772366400000
              attacks_technique_uid = CST0001
              finding_info_attacks = [{"tactic":{"name":"Malware"},"technique":{"name":"PUP","uid":"CST0001"}}]
              evidences_actor_user_name = mara
              evidences_process_name = a.exe
              evidences_process_file_path = \Temp\a.exe
              evidences_file_hashes_sha256_value = 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
              evidences_src_endpoint_ip = 10.0.0.1
              evidences_src_endpoint_port = 4000
              evidences_dst_endpoint_ip = 203.0.113.9
              evidences_dst_endpoint_port = 443
              evidences_query_hostname = c2.example
              evidences = [{"process":{"uid":"700","name":"a.exe","cmd_line":"a.exe /x","file":{"name":"a.exe","path":"\\Temp\\a.exe","hashes":[{"algorithm":"SHA-256","algorithm_id":3,"value":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}]},"parent_process":{"uid":"600","cmd_line":"cmd.exe"}},"actor":{"user":{"name":"mara"}},"file":{"hashes":[{"algorithm":"SHA-256","algorithm_id":3,"value":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}]}}]
              metadata_product_feature_name = Event Streams
              metadata_event_code = EppDetectionSummaryEvent
              metadata_log_name = EppDetectionSummaryEvent
              metadata_sequence = 7
              metadata_tenant_uid = c1
              metadata_log_version = 1.0
              device_hostname = PC1
              device_uid = a1
              device_ip = 10.0.0.1
              unmapped = {"IOCType":"domain"}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Critical
              status = New
              metadata_uid = ldt:1
              status_detail = Detection, standard detection.
              action = Observed
              action_id = 3
              disposition_id = 15
              disposition = Detected
              is_alert = true
              finding_info_uid = ldt:1
              finding_info_title = Overwatch Detection
              finding_info_created_time = 1772366400000
              evidences_actor_user_name = mara
              evidences = [{"actor":{"user":{"name":"ACME\\mara"}}}]
              metadata_product_feature_name = Event Streams
              metadata_event_code = DetectionSummaryEvent
              metadata_log_name = DetectionSummaryEvent
              metadata_sequence = 8
              metadata_tenant_uid = c1
              device_hostname = PC1
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              status = New
              start_time = 1772366390000
              is_alert = true
              risk_score = 54
              finding_info_uid = l1
              finding_info_title = PC1
              finding_info_created_time = 1772366400000
              finding_info_first_seen_time = 1772366390000
              attacks_technique_uid = T1204
              finding_info_attacks = [{"tactic":{"name":"Execution","uid":"TA0002"},"technique":{"name":"User Execution","uid":"T1204"}}]
              metadata_product_feature_name = Event Streams
              metadata_event_code = AutomatedLeadSummaryEvent
              metadata_log_name = AutomatedLeadSummaryEvent
              metadata_sequence = 9
              metadata_tenant_uid = c1
        "#]],
    );
}

#[test]
fn audit_of_the_console() {
    check(
        r#"{"metadata":{"customerIDString":"c1","offset":1,"eventType":"AuthActivityAuditEvent","eventCreationTime":1772366400099},"event":{"UserId":"mara@corp.example","UserIp":"203.0.113.9","OperationName":"twoFactorAuthenticate","ServiceName":"CrowdStrike Authentication","Success":false,"UTCTimestamp":1772366400}}
{"metadata":{"customerIDString":"c1","offset":2,"eventType":"AuthActivityAuditEvent","eventCreationTime":"2026-03-01 12:00:00.531000000"},"event":{"UserId":"mara@corp.example","UserIp":"203.0.113.9","OperationName":"grantUserRoles","ServiceName":"Crowdstrike Authentication","Success":true,"AuditKeyValues":[{"Key":"target_name","ValueString":"eve@corp.example"},{"Key":"roles","ValueString":"admin,analyst"},{"Key":"actor_user_uuid","ValueString":"u1"}]}}
{"metadata":{"customerIDString":"c1","offset":3,"eventType":"AuthActivityAuditEvent","eventCreationTime":1772366400000},"event":{"UserId":"mara@corp.example","OperationName":"deleteUser","Success":true,"AuditKeyValues":[{"Key":"target_name","ValueString":"eve@corp.example"}]}}
{"metadata":{"customerIDString":"c1","offset":4,"eventType":"UserActivityAuditEvent","eventCreationTime":1772366400000},"event":{"UserId":"mara","UserIp":"203.0.113.9","OperationName":"detection_update","ServiceName":"detections","AuditKeyValues":[{"Key":"detection_id","ValueString":"ldt:1"}]}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.099Z
              status = Failure
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              service_name = CrowdStrike Authentication
              is_mfa = true
              metadata_product_feature_name = Event Streams
              metadata_event_code = twoFactorAuthenticate
              metadata_log_name = AuthActivityAuditEvent
              metadata_sequence = 1
              metadata_tenant_uid = c1
              metadata_logged_time = 1772366400000
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              src_endpoint_ip = 203.0.113.9
            user_access: Assign Privileges at 2026-03-01T12:00:00.531Z
              status = Success
              user_name = eve@corp.example
              user_email_addr = eve@corp.example
              privileges = admin | analyst
              metadata_product_feature_name = Event Streams
              metadata_event_code = grantUserRoles
              metadata_log_name = AuthActivityAuditEvent
              metadata_sequence = 2
              metadata_tenant_uid = c1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_uid = u1
              src_endpoint_ip = 203.0.113.9
              unmapped = {"ServiceName":"Crowdstrike Authentication"}
            account_change: Delete at 2026-03-01T12:00:00.000Z
              status = Success
              user_name = eve@corp.example
              user_email_addr = eve@corp.example
              metadata_product_feature_name = Event Streams
              metadata_event_code = deleteUser
              metadata_log_name = AuthActivityAuditEvent
              metadata_sequence = 3
              metadata_tenant_uid = c1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
            api_activity: Update at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = detection_update
              api_service_name = detections
              resources_uid = ldt:1
              api_request_data = [{"Key":"detection_id","ValueString":"ldt:1"}]
              metadata_product_feature_name = Event Streams
              metadata_event_code = detection_update
              metadata_log_name = UserActivityAuditEvent
              metadata_sequence = 4
              metadata_tenant_uid = c1
              actor_user_name = mara
              src_endpoint_ip = 203.0.113.9
        "#]],
    );
}

#[test]
fn matches_of_the_firewall() {
    check(
        r#"{"metadata":{"customerIDString":"c1","offset":1,"eventType":"FirewallMatchEvent","eventCreationTime":1772366402000},"event":{"DeviceId":"a1","Ipv":"ipv4","ConnectionDirection":"0","EventType":"FirewallRuleIP4Matched","Flags":{"Log":true,"Monitor":false},"HostName":"PC1","ImageFileName":"/usr/bin/ssh","CommandLine":"ssh c2.example","LocalAddress":"10.0.0.1","LocalPort":"40000","PID":"700","PolicyName":"Servers","Protocol":"6","RemoteAddress":"203.0.113.9","RemotePort":"22","RuleAction":"2","Timestamp":"2026-03-01T12:00:00Z","Platform":"mac"}}
{"metadata":{"customerIDString":"c1","offset":2,"eventType":"FirewallMatchEvent","eventCreationTime":1772366402000},"event":{"ConnectionDirection":"1","EventType":"FirewallRuleIP4Matched","Flags":{"Monitor":true},"LocalAddress":"10.0.0.1","LocalPort":"22","RemoteAddress":"203.0.113.9","RemotePort":"40000","RuleAction":"2"}}"#,
        expect![[r#"
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              status = Failure
              metadata_event_code = FirewallRuleIP4Matched
              metadata_logged_time = 1772366402000
              action = Denied
              action_id = 2
              policy_name = Servers
              device_os_name = macOS
              device_os_type_id = 300
              actor_process_uid = 700
              actor_process_name = ssh
              actor_process_file_path = /usr/bin/ssh
              actor_process_cmd_line = ssh c2.example
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 40000
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 22
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_protocol_ver_id = 4
              connection_info_direction = Outbound
              connection_info_direction_id = 2
              metadata_product_feature_name = Event Streams
              metadata_log_name = FirewallMatchEvent
              metadata_sequence = 1
              metadata_tenant_uid = c1
              device_hostname = PC1
              device_uid = a1
              unmapped = {"Flags":{"Log":true,"Monitor":false}}
            network_activity: Traffic at 2026-03-01T12:00:02.000Z
              status = Success
              metadata_event_code = FirewallRuleIP4Matched
              metadata_logged_time = 1772366402000
              action = Observed
              action_id = 3
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 40000
              dst_endpoint_ip = 10.0.0.1
              dst_endpoint_port = 22
              connection_info_direction = Inbound
              connection_info_direction_id = 1
              metadata_product_feature_name = Event Streams
              metadata_log_name = FirewallMatchEvent
              metadata_sequence = 2
              metadata_tenant_uid = c1
              unmapped = {"Flags":{"Monitor":true},"RuleAction":"2"}
        "#]],
    );
}

#[test]
fn vertices_of_a_detection() {
    check(
        r#"{"metadata":{"detectionIdString":"ldt:1","eventType":"Vertex","severity":{"name":"Critical","code":5}},"event":{"id":"pid:a1:7","customer_id":"c1","device_id":"a1","vertex_type":"process","timestamp":"2026-03-01T12:00:00Z","properties":{"CommandLine":"taskhostw.exe","ImageFileName":"\\Windows\\taskhostw.exe","ParentProcessId":"600","RawProcessId":"42","TargetProcessId":"700","ExitCode":"0","ProcessStartTime_formatted":"2026-03-01T11:00:00Z","UserSid":"S-1-5-18"}}}
{"metadata":{"detectionIdString":"ldt:1","eventType":"Vertex"},"event":{"device_id":"a1","vertex_type":"module","timestamp":"2026-03-01T12:00:00Z","properties":{"MD5HashData":"68b329da9893e34099c7d8ad5cb9c940","TargetProcessId":"700"}}}
{"metadata":{"detectionIdString":"ldt:1","eventType":"Vertex"},"event":{"device_id":"a1","vertex_type":"user-session","timestamp":"2026-03-01T12:00:00Z","properties":{"LogonDomain":"ACME","LogonId":"999","LogonType":"2","UserName":"mara","UserSid":"S-1-5-18"}}}"#,
        expect![[r#"
            process_activity: process at 2026-03-01T12:00:00.000Z
              severity = Critical
              status = Unknown
              metadata_event_code = process
              metadata_uid = pid:a1:7
              metadata_correlation_uid = ldt:1
              actor_user_uid = S-1-5-18
              process_uid = 700
              process_pid = 42
              process_name = taskhostw.exe
              process_cmd_line = taskhostw.exe
              process_file_path = \Windows\taskhostw.exe
              process_created_time = 1772362800000
              process_user_uid = S-1-5-18
              process_parent_process_uid = 600
              exit_code = 0
              actor_process_uid = 700
              metadata_product_feature_name = Event Streams
              metadata_log_name = Vertex
              metadata_tenant_uid = c1
              device_uid = a1
              unmapped = {"metadata":{"severity":{"code":5}}}
            module_activity: Load at 2026-03-01T12:00:00.000Z
              status = Unknown
              metadata_event_code = module
              metadata_correlation_uid = ldt:1
              module_file_hashes_md5_value = 68b329da9893e34099c7d8ad5cb9c940
              actor_process_uid = 700
              metadata_product_feature_name = Event Streams
              metadata_log_name = Vertex
              device_uid = a1
            authentication: user-session at 2026-03-01T12:00:00.000Z
              status = Unknown
              metadata_event_code = user-session
              metadata_correlation_uid = ldt:1
              actor_user_uid = S-1-5-18
              actor_user_name = mara
              user_name = mara
              user_uid = S-1-5-18
              user_domain = ACME
              session_uid = 999
              logon_type_id = 2
              metadata_product_feature_name = Event Streams
              metadata_log_name = Vertex
              device_uid = a1
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"metadata":{"customerIDString":"c1","offset":7,"eventType":"DetectionSummaryEvent","eventCreationTime":1772366400000},"event":{"ComputerName":"PC1","UserName":"mara","DetectName":"x","Severity":5,"ProcessId":700,"LocalIP":"10.0.0.1","MitreAttack":[{"TechniqueID":"T1204"}],"NetworkAccesses":[{"LocalAddress":"10.0.0.1","LocalPort":4000}]}}"#,
    );
}
