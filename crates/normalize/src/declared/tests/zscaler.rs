//! Feeds of Zscaler's logs.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("zscaler").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn web_logs_in_each_form() {
    check(
        r#"datetime="Sun Mar 01 12:00:00 2026"	reason="Allowed"	event_id="7"	protocol="HTTPS"	action="Allowed"	transactionsize="300"	responsesize="200"	requestsize="100"	urlcategory="Web Search"	serverip="203.0.113.9"	requestmethod="GET"	refererURL=""a.example/""	useragent=""Mozilla/5.0%20(X11)""	product="NSS"	location="HQ"	ClientIP="10.1.0.7"	status="404"	user="mara@corp.example"	url="a.example/x?y=1"	vendor="Zscaler"	hostname="a.example"	clientpublicIP="192.0.2.1"	threatname="None"	appname="A"
"Sun Mar 01 12:00:01 2026","mara@corp.example","HTTP","b.example/","Blocked","B","Consumer Apps","72","14061","0","0","Productivity Loss","Shopping","Online Shopping","None","Trojan","0","None","None","HQ","Sales","10.1.0.7","203.0.113.8","NA","403","curl/7.68.0","None","FwFilter","Rule%201","Other","None","NA","NA","N/A""#,
        expect![[r#"
            http_activity: Get at 2026-03-01T12:00:00.000Z
              status = Failure
              metadata_event_code = Allowed
              status_code = 404
              http_request_http_method = GET
              http_request_url_url_string = a.example/x?y=1
              http_request_url_scheme = https
              http_request_url_hostname = a.example
              http_request_url_path = /x
              http_request_url_query_string = y=1
              http_request_user_agent = Mozilla/5.0 (X11)
              http_request_referrer = a.example/
              http_response_code = 404
              app_protocol_name = https
              dst_endpoint_domain = a.example
              metadata_uid = 7
              metadata_log_name = NSS
              status_detail = Allowed
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              src_endpoint_ip = 10.1.0.7
              src_endpoint_zone = HQ
              src_endpoint_intermediate_ips = 192.0.2.1
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_hostname = a.example
              app_name = A
              traffic_bytes = 300
              traffic_bytes_in = 200
              traffic_bytes_out = 100
              unmapped = {"urlcategory":"Web Search","vendor":"Zscaler","threatname":"None"}
            http_activity: Unknown at 2026-03-01T12:00:01.000Z
              status = Failure
              status_code = 403
              http_request_url_url_string = b.example/
              http_request_url_scheme = http
              http_request_url_hostname = b.example
              http_request_url_path = /
              http_request_user_agent = curl/7.68.0
              http_response_code = 403
              http_response_content_type = Other
              app_protocol_name = http
              is_alert = true
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              policy_name = Rule 1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_groups_name = Sales
              src_endpoint_ip = 10.1.0.7
              src_endpoint_zone = HQ
              dst_endpoint_ip = 203.0.113.8
              app_name = B
              traffic_bytes_in = 14061
              traffic_bytes_out = 72
              unmapped = {"appclass":"Consumer Apps","stime":"0","ctime":"0","urlclass":"Productivity Loss","urlsupercategory":"Shopping","urlcategory":"Online Shopping","threatcategory":"None","threatname":"Trojan","pagerisk":"0","dlpengine":"None","dlpdictionaries":"None","requestmethod":"NA","refererURL":"None","ruletype":"FwFilter","unscannabletype":"None","deviceowner":"NA","devicehostname":"NA","keyprotectiontype":"N/A"}
        "#]],
    );
}

#[test]
fn the_firewall_dns_and_administrators() {
    check(
        r#"{"sourcetype":"zscalernss-fw","event":{"datetime":"Sun Mar 01 12:00:00 2026","user":"mara@corp.example","department":"Sales%20Dept","cdport":"443","csport":"52352","sdport":"443","csip":"10.1.0.7","cdip":"203.0.113.9","sdip":"203.0.113.9","action":"Drop","nwsvc":"HTTPS","proto":"TCP","inbytes":"0","outbytes":"60","durationms":"340"}}
{"sourcetype":"zscalernss-dns","event":{"datetime":"Sun Mar 01 12:00:00 2026","user":"mara@corp.example","reqaction":"Allow","resaction":"Allow","dns_reqtype":"AAAA","dns_req":"a.example","dns_resp":"NXDOMAIN","srv_dport":"53","durationms":"7","clt_sip":"10.1.0.7","srv_dip":"192.0.2.53"}}
{"sourcetype":"zscalernss-audit","event":{"time":"Sun Mar 01 12:00:00 2026","recordid":"8","action":"SIGN_IN","adminid":"root@corp.example","clientip":"192.0.2.7","result":"FAILURE","auditlogtype":"ZIA","interface":"UI"}}"#,
        expect![[r#"
            network_activity: Refuse at 2026-03-01T12:00:00.000Z
              status = Failure
              connection_info_protocol_name = tcp
              connection_info_protocol_num = 6
              app_protocol_name = https
              status_code = Drop
              action_id = 2
              action = Denied
              disposition_id = 6
              disposition = Dropped
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_groups_name = Sales Dept
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 52352
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              traffic_bytes_in = 0
              traffic_bytes_out = 60
              duration = 340
              unmapped = {"cdport":"443","cdip":"203.0.113.9","sourcetype":"zscalernss-fw"}
            dns_activity: Traffic at 2026-03-01T12:00:00.000Z
              status = Success
              query_hostname = a.example
              query_type = AAAA
              rcode_id = 3
              rcode = NXDomain
              status_code = Allow
              status_detail = Allow
              app_protocol_name = dns
              action_id = 1
              action = Allowed
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              src_endpoint_ip = 10.1.0.7
              dst_endpoint_ip = 192.0.2.53
              dst_endpoint_port = 53
              duration = 7
              unmapped = {"sourcetype":"zscalernss-dns"}
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Failure
              user_name = root@corp.example
              user_email_addr = root@corp.example
              service_name = UI
              is_remote = true
              metadata_event_code = SIGN_IN
              metadata_log_name = ZIA
              actor_user_name = root@corp.example
              actor_user_email_addr = root@corp.example
              status_code = SIGN_IN
              metadata_uid = 8
              src_endpoint_ip = 192.0.2.7
              unmapped = {"sourcetype":"zscalernss-audit"}
        "#]],
    );
}

#[test]
fn private_access() {
    check(
        r#"{"LogTimestamp":"Sun Mar 01 12:00:00 2026","Customer":"Corp","SessionID":"s1","ConnectionID":"s1,c1","InternalReason":"","ConnectionStatus":"close","IPProtocol":6,"Username":"mara@corp.example","ServicePort":22,"ClientPublicIP":"203.0.113.9","Policy":"Allow SSH","Host":"db.corp.example","Application":"DB","ServerIP":"10.1.0.9","ServerPort":22}
{"LogTimestamp":"Sun Mar 01 12:00:00 2026","Customer":"Corp","Username":"mara@corp.example","SessionID":"s1","SessionStatus":"ZPN_STATUS_AUTHENTICATED","PublicIP":"203.0.113.9","Idp":"IdP","Hostname":"PC1","Platform":"windows"}"#,
        expect![[r#"
            network_activity: Close at 2026-03-01T12:00:00.000Z
              status = Unknown
              metadata_event_code = close
              status_code = close
              connection_info_uid = s1,c1
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              actor_session_uid = s1
              metadata_tenant_uid = Corp
              policy_name = Allow SSH
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              src_endpoint_ip = 203.0.113.9
              dst_endpoint_ip = 10.1.0.9
              dst_endpoint_port = 22
              dst_endpoint_hostname = db.corp.example
              app_name = DB
              unmapped = {"ServicePort":22}
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_event_code = ZPN_STATUS_AUTHENTICATED
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              session_uid = s1
              actor_idp_name = IdP
              device_hostname = PC1
              src_endpoint_hostname = PC1
              src_endpoint_os_name = windows
              service_name = Zscaler Private Access
              is_remote = true
              metadata_tenant_uid = Corp
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              src_endpoint_ip = 203.0.113.9
        "#]],
    );
}

#[test]
fn odd_values_are_events_or_rejects() {
    check_odd_values(
        source(),
        r#"{"datetime":"Sun Mar 01 12:00:00 2026","vendor":"Zscaler","url":"a.example/","requestmethod":"GET","ClientIP":"10.1.0.7","serverip":"10.0.0.1","action":"Allowed","status":"200","user":"mara"}"#,
    );
}
