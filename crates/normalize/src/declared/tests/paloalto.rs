//! Logs of PAN-OS and the Strata Logging Service.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("paloalto").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn sessions_of_the_syslog() {
    check(
        r#"<14>Mar  1 12:00:00 fw 1,2026/03/01 12:00:01,001701003551,TRAFFIC,end,2562,2026/03/01 12:00:00,10.1.0.7,203.0.113.9,192.0.2.1,203.0.113.9,out,corp\mara,,ssl,vsys1,trust,untrust,ae1,ae2,log,2026/03/01 12:00:00,234981,1,51413,443,1025,443,0x1c,tcp,allow,2346,1974,372,9,2026/03/01 11:59:00,60,any,,69678105127,0x0,10.0.0.0-10.255.255.255,Norway,,6,3,tcp-fin,0,0,0,0,,fw1,from-policy"#,
        expect![[r#"
            network_activity: Close at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_log_name = TRAFFIC
              metadata_log_provider = end
              metadata_event_code = end
              metadata_sequence = 69678105127
              metadata_logged_time = 1772366401000
              metadata_original_time = 2026/03/01 12:00:00
              metadata_correlation_uid = 234981
              status_code = allow
              status_detail = tcp-fin
              count = 1
              duration = 60000
              start_time = 1772366340000
              device_uid = 001701003551
              device_name = fw1
              policy_name = out
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              actor_user_name = mara
              actor_user_domain = corp
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 51413
              src_endpoint_zone = trust
              src_endpoint_interface_name = ae1
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              dst_endpoint_zone = untrust
              dst_endpoint_interface_name = ae2
              dst_endpoint_location_country = Norway
              connection_info_uid = 234981
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
              traffic_bytes = 2346
              traffic_bytes_in = 372
              traffic_bytes_out = 1974
              traffic_packets = 9
              traffic_packets_in = 3
              traffic_packets_out = 6
              app_name = ssl
              unmapped = {"NATSource":"192.0.2.1","NATDestination":"203.0.113.9","VirtualLocation":"vsys1","LogSetting":"log","NATSourcePort":"1025","NATDestinationPort":"443","Flags":"0x1c","URLCategory":"any","SourceLocation":"10.0.0.0-10.255.255.255","DGHierarchyLevel1":"0","DGHierarchyLevel2":"0","DGHierarchyLevel3":"0","DGHierarchyLevel4":"0","ActionSource":"from-policy"}
        "#]],
    );
}

#[test]
fn threats_and_urls() {
    check(
        r#"1,2026/03/01 12:00:01,001701003551,THREAT,vulnerability,2562,2026/03/01 12:00:00,203.0.113.9,10.1.0.7,,,in,,,web-browsing,vsys1,untrust,trust,ae2,ae1,log,,113535,1,56731,443,0,0,0x8,tcp,reset-both,"login.esp",OS Command Injection(95187),any,critical,client-to-server,42,0x8
1,2026/03/01 12:00:01,001701003551,THREAT,url,2562,2026/03/01 12:00:00,10.1.0.7,203.0.113.9,,,out,mara,,web-browsing,vsys1,trust,untrust,ae1,ae2,log,,1384927,1,49802,80,0,0,0x8,tcp,alert,"a.example:8080/x?y=1",(9999),any,informational,client-to-server,43,0x0,,,,text/html,,,,1,curl/8,,"192.0.2.77",,,,,0,0,0,0,0,,fw1,,,,get"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Critical
              status = New
              metadata_uid = 42
              finding_info_uid = 42
              finding_info_title = OS Command Injection
              finding_info_desc = OS Command Injection(95187)
              finding_info_types = vulnerability
              finding_info_analytic_name = OS Command Injection
              finding_info_analytic_uid = 95187
              finding_info_analytic_type_id = 1
              is_alert = true
              evidences_src_endpoint_ip = 203.0.113.9
              evidences_src_endpoint_port = 56731
              evidences_dst_endpoint_ip = 10.1.0.7
              evidences_dst_endpoint_port = 443
              evidences_file_name = login.esp
              metadata_log_name = THREAT
              metadata_log_provider = vulnerability
              metadata_event_code = 95187
              metadata_sequence = 42
              metadata_logged_time = 1772366401000
              metadata_original_time = 2026/03/01 12:00:00
              metadata_correlation_uid = 113535
              status_code = reset-both
              count = 1
              device_uid = 001701003551
              policy_name = in
              action_id = 2
              action = Denied
              disposition_id = 26
              disposition = Reset
              unmapped = {"Application":"web-browsing","VirtualLocation":"vsys1","FromZone":"untrust","ToZone":"trust","InboundInterface":"ae2","OutboundInterface":"ae1","LogSetting":"log","NATSourcePort":"0","NATDestinationPort":"0","Flags":"0x8","Protocol":"tcp","URLCategory":"any","DirectionOfAttack":"client-to-server"}
            http_activity: Get at 2026-03-01T12:00:00.000Z
              status = Success
              http_request_http_method = GET
              http_request_url_url_string = a.example:8080/x?y=1
              http_request_url_hostname = a.example
              http_request_url_port = 8080
              http_request_url_path = /x
              http_request_url_query_string = y=1
              http_request_user_agent = curl/8
              http_response_content_type = text/html
              metadata_log_name = THREAT
              metadata_log_provider = url
              metadata_event_code = 9999
              metadata_sequence = 43
              metadata_logged_time = 1772366401000
              metadata_original_time = 2026/03/01 12:00:00
              metadata_correlation_uid = 1384927
              status_code = alert
              count = 1
              device_uid = 001701003551
              device_name = fw1
              policy_name = out
              action_id = 1
              action = Allowed
              disposition_id = 19
              disposition = Alert
              actor_user_name = mara
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 49802
              src_endpoint_zone = trust
              src_endpoint_interface_name = ae1
              src_endpoint_intermediate_ips = 192.0.2.77
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 80
              dst_endpoint_zone = untrust
              dst_endpoint_interface_name = ae2
              connection_info_uid = 1384927
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
              app_name = web-browsing
              unmapped = {"VirtualLocation":"vsys1","LogSetting":"log","NATSourcePort":"0","NATDestinationPort":"0","Flags":"0x8","URLCategory":"any","DirectionOfAttack":"client-to-server","URLCounter":"1","ReportID":"0","DGHierarchyLevel1":"0","DGHierarchyLevel2":"0","DGHierarchyLevel3":"0","DGHierarchyLevel4":"0"}
        "#]],
    );
}

#[test]
fn sign_ins_to_the_firewall_and_its_vpn() {
    check(
        r#"1,2026/03/01 12:00:00,1,SYSTEM,auth,2562,2026/03/01 12:00:00,,auth-fail,VPN,0,0,general,medium,"failed authentication for user 'corp\mara'.  Reason: User is not in allowlist. auth profile 'VPN', vsys 'vsys1', server address '192.0.2.5', auth protocol 'PAP', From: 203.0.113.9.",44,0x0,0,0,0,0,,fw1,0,0,2026-03-01T13:00:00.691+01:00
1,2026/03/01 12:00:00,1,GLOBALPROTECT,0,2562,2026/03/01 12:00:00,vsys1,gateway-auth,login,LDAP,,corp\mara,NO,PC1,203.0.113.9,0.0.0.0,10.9.0.7,0.0.0.0,id1,sn1,6.0.4,Windows,"Windows 11 , 64-bit",1,,,,success,,0,user-logon,0,gw1,45,0x8
1,2026/03/01 12:00:00,1,CONFIG,0,2562,2026/03/01 12:00:00,192.0.2.7,,delete,mara,Web,Succeeded, rulebase security rules out,46,0x0"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.691Z
              severity = Medium
              status = Failure
              user_name = mara
              user_domain = corp
              src_endpoint_ip = 203.0.113.9
              dst_endpoint_ip = 192.0.2.5
              status_detail = User is not in allowlist
              auth_protocol = PAP
              service_name = VPN
              policy_name = VPN
              metadata_log_name = SYSTEM
              metadata_log_provider = auth
              metadata_event_code = auth-fail
              metadata_sequence = 44
              metadata_logged_time = 1772366400000
              metadata_original_time = 2026/03/01 12:00:00
              message = failed authentication for user 'corp\mara'.  Reason: User is not in allowlist. auth profile 'VPN', vsys 'vsys1', server address '192.0.2.5', auth protocol 'PAP', From: 203.0.113.9.
              device_uid = 1
              device_name = fw1
              unmapped = {"EventComponent":"VPN","Module":"general","DGHierarchyLevel1":"0","DGHierarchyLevel2":"0","DGHierarchyLevel3":"0","DGHierarchyLevel4":"0"}
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Success
              user_name = mara
              user_domain = corp
              auth_protocol = LDAP
              service_name = gw1
              is_remote = true
              metadata_event_code = gateway-auth
              metadata_log_name = GLOBALPROTECT
              metadata_sequence = 45
              metadata_logged_time = 1772366400000
              metadata_original_time = 2026/03/01 12:00:00
              count = 1
              device_uid = 1
              actor_user_name = mara
              actor_user_domain = corp
              src_endpoint_ip = 203.0.113.9
              src_endpoint_name = PC1
              src_endpoint_uid = sn1
              src_endpoint_os_name = Windows
              src_endpoint_location_country = NO
              unmapped = {"Subtype":"0","VirtualSystem":"vsys1","PublicIPv6":"0.0.0.0","PrivateIPv4":"10.9.0.7","PrivateIPv6":"0.0.0.0","HostID":"id1","GlobalProtectClientVersion":"6.0.4","EndpointOSVersion":"Windows 11 , 64-bit","LoginDuration":"0","ConnectionMethod":"user-logon","ConnectionErrorID":"0"}
            api_activity: Delete at 2026-03-01T12:00:00.000Z
              status = Success
              actor_user_name = mara
              actor_app_name = Web
              api_operation = delete
              resources_name = rulebase security rules out
              metadata_event_code = delete
              metadata_log_name = CONFIG
              metadata_logged_time = 1772366400000
              metadata_original_time = 2026/03/01 12:00:00
              device_uid = 1
              src_endpoint_ip = 192.0.2.7
              unmapped = {"Subtype":"0","more":["46","0x0"]}
        "#]],
    );
}

#[test]
fn json_and_cef_of_the_service() {
    check(
        r#"CEF:0|Palo Alto Networks|LF|2.0|TRAFFIC|end|3|dtz=UTC rt=Mar 01 2026 12:00:09 deviceExternalId=1 start=Mar 01 2026 12:00:00 src=10.1.0.7 dst=203.0.113.9 cs1=out rule cs1Label=Rule suser=mara@corp.example app=ssl spt=52066 dpt=443 proto=tcp act=allow PanOSBytes=300 out=100 in=200 externalId=47 reason=tcp-fin dvchost=fw1
{"TimeReceived":"2026-03-01T12:00:06.000000Z","DeviceSN":"1","LogType":"THREAT","Subtype":"wildfire","TimeGenerated":"2026-03-01T12:00:00.000000Z","SourceAddress":"10.1.0.7","DestinationAddress":"10.1.0.8","SourceUser":"mara@corp.example","SourcePort":51240,"DestinationPort":445,"Protocol":"tcp","Action":"allow","FileName":"x.vbs","ThreatID":"VBScript File(52205)","VendorSeverity":"High","SequenceNo":48,"FileHash":"01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"}"#,
        expect![[r#"
            network_activity: Close at 2026-03-01T12:00:00.000Z
              severity = Low
              status = Success
              metadata_log_name = TRAFFIC
              metadata_log_provider = end
              metadata_event_code = end
              metadata_sequence = 47
              metadata_logged_time = 1772366409000
              metadata_original_time = Mar 01 2026 12:00:00
              status_code = allow
              status_detail = tcp-fin
              device_uid = 1
              device_name = fw1
              policy_name = out rule
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 52066
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
              traffic_bytes = 300
              traffic_bytes_in = 200
              traffic_bytes_out = 100
              app_name = ssl
              unmapped = {"cef_version":"0","cef_vendor":"Palo Alto Networks","cef_product":"LF","cef_product_version":"2.0","dtz":"UTC"}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = High
              status = New
              metadata_uid = 48
              finding_info_uid = 48
              finding_info_title = VBScript File
              finding_info_desc = VBScript File(52205)
              finding_info_types = wildfire
              finding_info_analytic_name = VBScript File
              finding_info_analytic_uid = 52205
              finding_info_analytic_type_id = 1
              is_alert = true
              evidences_src_endpoint_ip = 10.1.0.7
              evidences_src_endpoint_port = 51240
              evidences_dst_endpoint_ip = 10.1.0.8
              evidences_dst_endpoint_port = 445
              evidences_actor_user_name = mara@corp.example
              evidences_file_name = x.vbs
              evidences_file_hashes_sha256_value = 01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b
              metadata_log_name = THREAT
              metadata_log_provider = wildfire
              metadata_event_code = 52205
              metadata_sequence = 48
              metadata_logged_time = 1772366406000
              metadata_original_time = 2026-03-01T12:00:00.000000Z
              status_code = allow
              device_uid = 1
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              unmapped = {"Protocol":"tcp"}
        "#]],
    );
}

#[test]
fn odd_values_are_events_or_rejects() {
    check_odd_values(
        source(),
        r#"{"TimeGenerated":"2026-03-01T12:00:00Z","DeviceSN":"1","LogType":"THREAT","Subtype":"url","SourceAddress":"10.1.0.7","URL":"a.example/","ThreatID":"x(1)","SourceUser":"a\\b","SourcePort":1,"Action":"allow"}"#,
    );
}
