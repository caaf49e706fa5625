//! FortiGate's logs.

use expect_test::{Expect, expect};

use crate::sources::testing::shown;
use crate::{Source, detect};

fn source() -> Source {
    Source::named("fortinet").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_session_says_how_it_ended() {
    check(
        r#"<189>Mar  1 12:00:00 fw date=2026-03-01 time=12:00:00 devname="fw" devid="FG1" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" eventtime=1772366400500000000 tz="+0000" srcip=10.1.0.7 srcport=58012 srcintf="port1" srcintfrole="lan" dstip=203.0.113.9 dstport=443 dstintf="wan1" dstintfrole="wan" sessionid=105 proto=6 action="close" policyid=7 service="HTTPS" dstcountry="Norway" srccountry="Reserved" user="CORP\mara" duration=116 sentbyte=1188 rcvdbyte=1224 sentpkt=17 rcvdpkt=16 utmaction="allow""#,
        expect![[r#"
            network_activity: Close at 2026-03-01T12:00:00.500Z
              status = Success
              metadata_event_code = 0000000013
              metadata_log_name = forward
              metadata_log_level = notice
              metadata_original_time = 2026-03-01 12:00:00
              metadata_correlation_uid = 105
              status_code = close
              device_uid = FG1
              device_name = fw
              policy_uid = 7
              duration = 116000
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              actor_user_name = mara
              actor_user_domain = CORP
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 58012
              src_endpoint_interface_name = port1
              src_endpoint_zone = lan
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              dst_endpoint_interface_name = wan1
              dst_endpoint_zone = wan
              dst_endpoint_svc_name = HTTPS
              dst_endpoint_location_country = Norway
              connection_info_uid = 105
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              connection_info_direction_id = 2
              connection_info_direction = Outbound
              traffic_bytes_out = 1188
              traffic_bytes_in = 1224
              traffic_packets_out = 17
              traffic_packets_in = 16
              unmapped = {"type":"traffic","vd":"root","tz":"+0000","srccountry":"Reserved"}
        "#]],
    );
}

#[test]
fn an_intrusion_in_cef_is_a_finding() {
    check(
        r#"Mar  1 12:00:00 fw CEF:0|Fortinet|Fortigate|v7.4.9|16384|utm:ips signature dropped|7|deviceExternalId=FG1 FTNTFGTeventtime=1772366400 FTNTFGTlogid=0419016384 cat=utm:ips FTNTFGTsubtype=ips FTNTFGTlevel=alert FTNTFGTvd=root FTNTFGTseverity=critical src=203.0.113.9 spt=80 dst=10.1.0.7 dpt=44362 act=dropped proto=6 FTNTFGTattack=Eicar.Virus.Test.File FTNTFGTattackid=29844 FTNTFGTref=http://www.fortinet.com/ids/VID29844 msg=file_transfer: Eicar"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Critical
              status = New
              finding_info_uid = 29844
              finding_info_title = Eicar.Virus.Test.File
              finding_info_analytic_name = Eicar.Virus.Test.File
              finding_info_analytic_uid = 29844
              finding_info_analytic_type_id = 1
              finding_info_src_url = http://www.fortinet.com/ids/VID29844
              finding_info_types = ips
              is_alert = true
              evidences_src_endpoint_ip = 203.0.113.9
              evidences_src_endpoint_port = 80
              evidences_dst_endpoint_ip = 10.1.0.7
              evidences_dst_endpoint_port = 44362
              metadata_product_version = v7.4.9
              metadata_event_code = 0419016384
              metadata_log_name = ips
              metadata_log_level = alert
              message = file_transfer: Eicar
              status_code = dropped
              device_uid = FG1
              action_id = 2
              action = Denied
              disposition_id = 6
              disposition = Dropped
              unmapped = {"cef_version":"0","cef_vendor":"Fortinet","cef_product":"Fortigate","cef_class":"16384","cef_name":"utm:ips signature dropped","cef_severity":"7","cat":"utm:ips","vd":"root","proto":"6"}
        "#]],
    );
}

#[test]
fn an_administrator_signs_in_and_changes_a_policy() {
    check(
        r#"date=2026-03-01 time=12:00:00 tz="+0100" devid="FG1" logid="0100032001" type="event" subtype="system" level="information" vd="root" logdesc="Admin login successful" user="mara" ui="https(192.0.2.7)" method="https" action="login" status="success" profile="super_admin"
date=2026-03-01 time=12:01:00 tz="+0100" devid="FG1" logid="0100044547" type="event" subtype="system" level="information" vd="root" logdesc="Object attribute configured" user="mara" ui="GUI(192.0.2.7)" action="Add" cfgpath="firewall.policy" cfgobj="6" cfgattr="action[accept]" msg="Add firewall.policy 6""#,
        expect![[r#"
            authentication: Logon at 2026-03-01T11:00:00.000Z
              status = Success
              user_name = mara
              user_groups_name = super_admin
              user_type_id = 2
              user_type = Admin
              service_name = https
              is_remote = true
              metadata_event_code = 0100032001
              metadata_log_name = system
              metadata_log_level = information
              metadata_original_time = 2026-03-01 12:00:00
              message = Admin login successful
              status_code = login
              status_detail = Admin login successful
              device_uid = FG1
              policy_name = super_admin
              actor_user_name = mara
              src_endpoint_ip = 192.0.2.7
              unmapped = {"type":"event","vd":"root"}
            api_activity: Create at 2026-03-01T11:01:00.000Z
              status = Success
              api_operation = Add firewall.policy
              resources_type = firewall.policy
              resources_name = 6
              api_service_name = GUI
              metadata_event_code = 0100044547
              metadata_log_name = system
              metadata_log_level = information
              metadata_original_time = 2026-03-01 12:01:00
              message = Add firewall.policy 6
              status_code = Add
              status_detail = Object attribute configured
              device_uid = FG1
              actor_user_name = mara
              src_endpoint_ip = 192.0.2.7
              unmapped = {"type":"event","vd":"root","cfgattr":"action[accept]"}
        "#]],
    );
}

#[test]
fn names_and_pages_that_were_asked_for() {
    check(
        r#"date=2026-03-01,time=12:00:00,logid="1501054802",type="utm",subtype="dns",eventtype="dns-response",level="notice",vd="root",eventtime=1772366400,srcip=10.1.0.7,srcport=54621,dstip=192.0.2.53,dstport=53,proto=17,xid=5137,qname="a.example",qtype="A",qclass="IN",ipaddr="203.0.113.9, 203.0.113.8",action="pass"
date=2026-03-01,time=12:00:01,logid="0317013312",type="utm",subtype="webfilter",eventtype="ftgd_blk",level="warning",vd="root",eventtime=1772366401,srcip=10.1.0.7,srcport=55377,dstip=203.0.113.9,dstport=80,proto=6,service="HTTP",hostname="a.example",action="blocked",url="http://a.example/x?y=1",agent="curl/8",httpmethod="GET""#,
        expect![[r#"
            dns_activity: Response at 2026-03-01T12:00:00.000Z
              status = Success
              query_hostname = a.example
              query_type = A
              query_class = IN
              query_packet_uid = 5137
              answers_rdata = 203.0.113.9 | 203.0.113.8
              app_protocol_name = dns
              metadata_event_code = 1501054802
              metadata_log_name = dns
              metadata_log_level = notice
              metadata_original_time = 2026-03-01 12:00:00
              status_code = pass
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 54621
              dst_endpoint_ip = 192.0.2.53
              dst_endpoint_port = 53
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              unmapped = {"type":"utm","vd":"root"}
            http_activity: Get at 2026-03-01T12:00:01.000Z
              severity = Medium
              status = Failure
              http_request_http_method = GET
              http_request_url_url_string = http://a.example/x?y=1
              http_request_url_scheme = http
              http_request_url_hostname = a.example
              http_request_url_path = /x
              http_request_url_query_string = y=1
              http_request_user_agent = curl/8
              metadata_event_code = 0317013312
              metadata_log_name = webfilter
              metadata_log_level = warning
              metadata_original_time = 2026-03-01 12:00:01
              status_code = blocked
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              src_endpoint_ip = 10.1.0.7
              src_endpoint_port = 55377
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 80
              dst_endpoint_hostname = a.example
              dst_endpoint_svc_name = HTTP
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              unmapped = {"type":"utm","eventtype":"ftgd_blk","vd":"root"}
        "#]],
    );
}
