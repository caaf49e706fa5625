use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsGuardduty, input.as_bytes()));
}

#[test]
fn a_call_with_a_stolen_key_is_a_finding_with_its_caller_key_and_technique() {
    check(
        r#"{"schemaVersion":"2.0","accountId":"210987654321","region":"eu-west-1","id":"f1","type":"UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom",
            "resource":{"resourceType":"AccessKey","accessKeyDetails":{"accessKeyId":"AKIA1","principalId":"AIDA1","userName":"mara","userType":"IAMUser"}},
            "service":{"detectorId":"d1","count":2,"eventFirstSeen":"2026-03-01T11:00:00Z","eventLastSeen":"2026-03-01T11:30:00Z","archived":false,"resourceRole":"TARGET",
            "action":{"actionType":"AWS_API_CALL","awsApiCallAction":{"api":"ListUsers","serviceName":"iam.amazonaws.com","remoteIpDetails":{
            "ipAddressV4":"203.0.113.9","country":{"countryName":"Nowhere"},"organization":{"asn":"64500","asnOrg":"Example","isp":"Example"}}}}},
            "severity":5.5,"createdAt":"2026-03-01T12:00:00.000Z","updatedAt":"2026-03-01T12:30:00.000Z","title":"t","description":"d"}"#,
        expect![[r#"
            detection_finding: Update at 2026-03-01T12:30:00.000Z
              severity = Medium
              finding_info_created_time = 1772366400000
              finding_info_modified_time = 1772368200000
              finding_info_first_seen_time = 1772362800000
              finding_info_last_seen_time = 1772364600000
              status = New
              metadata_product_version = 2.0
              cloud_account_uid = 210987654321
              cloud_region = eu-west-1
              metadata_uid = f1
              finding_info_uid = f1
              finding_info_product_uid = d1
              finding_info_title = t
              finding_info_desc = d
              count = 2
              is_alert = true
              metadata_event_code = UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom
              finding_info_types = UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom | UnauthorizedAccess
              attacks_technique_uid = T1078.004
              evidences_src_endpoint_ip = 203.0.113.9
              evidences_actor_user_name = mara
              evidences_actor_user_uid = AIDA1
              evidences_actor_user_credential_uid = AKIA1
              evidences_api_operation = ListUsers
              evidences_api_service_name = iam.amazonaws.com
              evidences = [{"src_endpoint":{"ip":"203.0.113.9","location":{"country":"Nowhere","isp":"Example"},"autonomous_system":{"number":64500,"name":"Example"}},"api":{"operation":"ListUsers","service":{"name":"iam.amazonaws.com"}},"actor":{"user":{"name":"mara","uid":"AIDA1","credential_uid":"AKIA1","type":"IAMUser"}},"data":{"actionType":"AWS_API_CALL","awsApiCallAction":{"api":"ListUsers","serviceName":"iam.amazonaws.com","remoteIpDetails":{"ipAddressV4":"203.0.113.9","country":{"countryName":"Nowhere"},"organization":{"asn":"64500","asnOrg":"Example","isp":"Example"}}}}}]
              resources_uid = AKIA1
              resources_name = mara
              resources_type = AWS::IAM::AccessKey
              resources = [{"type":"AWS::IAM::AccessKey","uid":"AKIA1","name":"mara","data":{"accessKeyId":"AKIA1","principalId":"AIDA1","userName":"mara","userType":"IAMUser"}}]
              unmapped = {"service":{"resourceRole":"TARGET"},"severity":5.5}
        "#]],
    );
}

#[test]
fn an_outbound_connection_has_the_instance_as_its_source() {
    check(
        r#"{"detail-type":"GuardDuty Finding","detail":{"type":"Backdoor:EC2/C&CActivity.B","id":"f2","severity":8,"createdAt":"2026-03-01T12:00:00Z",
            "resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-1","networkInterfaces":[{"privateIpAddress":"10.0.0.5"}]}},
            "service":{"archived":true,"action":{"actionType":"NETWORK_CONNECTION","networkConnectionAction":{"connectionDirection":"OUTBOUND","protocol":"TCP",
            "remoteIpDetails":{"ipAddressV4":"203.0.113.9"},"remotePortDetails":{"port":443},"localIpDetails":{"ipAddressV4":"10.0.0.5"},"localPortDetails":{"port":50000}}}}}}"#,
        expect![[r#"
            detection_finding: Close at 2026-03-01T12:00:00.000Z
              severity = High
              finding_info_created_time = 1772366400000
              status = Archived
              metadata_uid = f2
              finding_info_uid = f2
              is_alert = true
              metadata_event_code = Backdoor:EC2/C&CActivity.B
              finding_info_types = Backdoor:EC2/C&CActivity.B | Backdoor
              attacks_technique_uid = T1071
              device_instance_uid = i-1
              device_ip = 10.0.0.5
              evidences_src_endpoint_ip = 10.0.0.5
              evidences_dst_endpoint_ip = 203.0.113.9
              evidences_src_endpoint_port = 50000
              evidences_dst_endpoint_port = 443
              evidences = [{"src_endpoint":{"ip":"10.0.0.5","port":50000},"dst_endpoint":{"ip":"203.0.113.9","port":443},"connection_info":{"protocol_name":"tcp","direction_id":2},"data":{"actionType":"NETWORK_CONNECTION","networkConnectionAction":{"connectionDirection":"OUTBOUND","protocol":"TCP","remoteIpDetails":{"ipAddressV4":"203.0.113.9"},"remotePortDetails":{"port":443},"localIpDetails":{"ipAddressV4":"10.0.0.5"},"localPortDetails":{"port":50000}}}}]
              resources_uid = i-1
              resources_name = i-1
              resources_type = AWS::EC2::Instance
              resources = [{"type":"AWS::EC2::Instance","uid":"i-1","name":"i-1","data":{"instanceId":"i-1","networkInterfaces":[{"privateIpAddress":"10.0.0.5"}]}}]
              unmapped = {"severity":8,"detail-type":"GuardDuty Finding"}
        "#]],
    );
}

#[test]
fn the_form_of_the_api_reads_like_that_of_the_export() {
    check(
        r#"{"Findings":[{"SchemaVersion":"2.0","AccountId":"210987654321","Id":"f3","Type":"Recon:EC2/PortProbeUnprotectedPort","Severity":2,"UpdatedAt":"2026-03-01T12:00:00Z",
            "Service":{"DetectorId":"d1","Action":{"ActionType":"PORT_PROBE","PortProbeAction":{"PortProbeDetails":[
            {"LocalPortDetails":{"Port":22},"RemoteIpDetails":{"IpAddressV4":"203.0.113.1"}},{"LocalPortDetails":{"Port":80},"RemoteIpDetails":{"IpAddressV4":"203.0.113.2"}}]}}}}]}"#,
        expect![[r#"
            detection_finding: Update at 2026-03-01T12:00:00.000Z
              severity = Low
              finding_info_modified_time = 1772366400000
              status = New
              metadata_product_version = 2.0
              cloud_account_uid = 210987654321
              metadata_uid = f3
              finding_info_uid = f3
              finding_info_product_uid = d1
              is_alert = true
              metadata_event_code = Recon:EC2/PortProbeUnprotectedPort
              finding_info_types = Recon:EC2/PortProbeUnprotectedPort | Recon
              attacks_technique_uid = T1595
              evidences_src_endpoint_ip = 203.0.113.1
              evidences_dst_endpoint_port = 22
              evidences = [{"src_endpoint":{"ip":"203.0.113.1"},"dst_endpoint":{"port":22},"data":{"actionType":"PORT_PROBE","portProbeAction":{"portProbeDetails":[{"localPortDetails":{"port":22},"remoteIpDetails":{"ipAddressV4":"203.0.113.1"}},{"localPortDetails":{"port":80},"remoteIpDetails":{"ipAddressV4":"203.0.113.2"}}]}}},{"src_endpoint":{"ip":"203.0.113.2"},"dst_endpoint":{"port":80}}]
              unmapped = {"severity":2}
        "#]],
    );
}

#[test]
fn a_process_a_question_and_a_sequence_are_evidence_too() {
    check(
        r#"[{"type":"Execution:Runtime/ReverseShell","updatedAt":"2026-03-01T12:00:00Z","severity":9.5,"service":{"runtimeDetails":{"process":{"name":"nc","pid":7,"executablePath":"/usr/bin/nc"}}}},
            {"type":"Trojan:EC2/DNSDataExfiltration","updatedAt":"2026-03-01T12:00:00Z","service":{"action":{"actionType":"DNS_REQUEST","dnsRequestAction":{"domain":"x.example"}}}},
            {"type":"AttackSequence:IAM/CompromisedCredentials","updatedAt":"2026-03-01T12:00:00Z","service":{"detection":{"sequence":{"indicators":[{"key":"ATTACK_TECHNIQUE","values":["T1098 - Account Manipulation"]}]}}}}]"#,
        expect![[r#"
            detection_finding: Update at 2026-03-01T12:00:00.000Z
              severity = Critical
              finding_info_modified_time = 1772366400000
              status = New
              is_alert = true
              metadata_event_code = Execution:Runtime/ReverseShell
              finding_info_types = Execution:Runtime/ReverseShell | Execution
              attacks_technique_uid = T1059
              evidences_process_name = nc
              evidences_process_file_path = /usr/bin/nc
              evidences = [{"process":{"name":"nc","file":{"path":"/usr/bin/nc"},"pid":7}}]
              unmapped = {"severity":9.5,"service":{"runtimeDetails":{"process":{"name":"nc","pid":7,"executablePath":"/usr/bin/nc"}}}}
            detection_finding: Update at 2026-03-01T12:00:00.000Z
              severity = Unknown
              finding_info_modified_time = 1772366400000
              status = New
              is_alert = true
              metadata_event_code = Trojan:EC2/DNSDataExfiltration
              finding_info_types = Trojan:EC2/DNSDataExfiltration | Trojan
              attacks_technique_uid = T1048
              evidences_query_hostname = x.example
              evidences = [{"query":{"hostname":"x.example"},"data":{"actionType":"DNS_REQUEST","dnsRequestAction":{"domain":"x.example"}}}]
            detection_finding: Update at 2026-03-01T12:00:00.000Z
              severity = Unknown
              finding_info_modified_time = 1772366400000
              status = New
              is_alert = true
              metadata_event_code = AttackSequence:IAM/CompromisedCredentials
              finding_info_types = AttackSequence:IAM/CompromisedCredentials | AttackSequence
              attacks_technique_uid = T1098
              unmapped = {"service":{"detection":{"sequence":{"indicators":[{"key":"ATTACK_TECHNIQUE","values":["T1098 - Account Manipulation"]}]}}}}
        "#]],
    );
}

#[test]
fn what_has_no_type_or_no_time_is_a_reject() {
    check(
        r#"[{"id":"f"},{"type":"Recon:EC2/Portscan"},{"type":"odd","updatedAt":"2026-03-01T12:00:00Z","service":7,"resource":[],"severity":"high"}]"#,
        expect![[r#"
            detection_finding: Update at 2026-03-01T12:00:00.000Z
              severity = Unknown
              finding_info_modified_time = 1772366400000
              status = New
              is_alert = true
              metadata_event_code = odd
              finding_info_types = odd
              unmapped = {"service":7,"severity":"high"}
            reject: the field type is missing
            reject: the field updatedAt is missing
        "#]],
    );
}

#[test]
fn all_three_forms_are_recognised() {
    let small = r#"{"schemaVersion":"2.0","type":"a:b/c","service":{"detectorId":"d"}}"#;
    let large = r#"{"Findings":[{"SchemaVersion":"2.0","Type":"a:b/c","Service":{"DetectorId":"d"}}]}"#;
    for head in [small.to_owned(), large.to_owned(), format!(r#"{{"detail":{small}}}"#)] {
        assert_eq!(detect(head.as_bytes(), "x"), Some(Source::AwsGuardduty), "{head}");
    }
}

#[test]
fn an_odd_value_in_any_place_costs_no_more_than_its_record() {
    check_odd_values(
        Source::AwsGuardduty,
        r#"{"schemaVersion":"2.0","accountId":"1","type":"Recon:EC2/PortProbe","severity":5,"updatedAt":"2026-03-01T12:00:00Z","createdAt":"2026-03-01T12:00:00Z","resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i","networkInterfaces":[{"privateIpAddress":"10.0.0.5"}]},"accessKeyDetails":{"userName":"u"}},"service":{"count":1,"archived":false,"action":{"actionType":"PORT_PROBE","portProbeAction":{"portProbeDetails":[{"localPortDetails":{"port":22},"remoteIpDetails":{"ipAddressV4":"203.0.113.1","organization":{"asn":"1"}}}]}},"runtimeDetails":{"process":{"name":"nc","pid":7}}}}"#,
    );
}
