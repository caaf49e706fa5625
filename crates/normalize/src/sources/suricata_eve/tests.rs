use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::{check_odd_values, shown};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::SuricataEve, input.as_bytes()));
}

#[test]
fn an_alert_is_a_finding_with_its_connection_as_evidence() {
    check(
        r#"{"timestamp":"2026-03-01T11:20:30.250+0100","flow_id":77,"pcap_cnt":5,"event_type":"alert","src_ip":"192.0.2.7","src_port":50096,"dest_ip":"2001:0db8:0000:0000:0000:0000:0000:0001","dest_port":80,"proto":"TCP","alert":{"action":"blocked","gid":1,"signature_id":2100498,"rev":7,"signature":"GPL ATTACK_RESPONSE id check returned root","category":"Potentially Bad Traffic","severity":2,"metadata":{"confidence":["High"],"mitre_technique_id":["T1046"]}},"app_proto":"http"}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T10:20:30.250Z
              severity = Medium
              metadata_log_name = alert
              metadata_event_code = alert
              metadata_sequence = 5
              metadata_correlation_uid = 77
              evidences_src_endpoint_ip = 192.0.2.7
              evidences_src_endpoint_port = 50096
              evidences_dst_endpoint_ip = 2001:db8::1
              evidences_dst_endpoint_port = 80
              finding_info_uid = 2100498
              finding_info_analytic_uid = 2100498
              finding_info_title = GPL ATTACK_RESPONSE id check returned root
              finding_info_analytic_name = GPL ATTACK_RESPONSE id check returned root
              finding_info_analytic_type_id = 1
              finding_info_types = Potentially Bad Traffic
              is_alert = true
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              confidence_id = 3
              confidence = High
              attacks_technique_uid = T1046
              unmapped = {"proto":"TCP","alert":{"gid":1,"rev":7,"metadata":{"confidence":["High"]}},"app_proto":"http"}
        "#]],
    );
}

#[test]
fn flows_requests_queries_and_files_are_of_their_classes() {
    let start = r#"{"timestamp":"2026-03-01T10:20:30.25Z","flow_id":77,"src_ip":"192.0.2.7","src_port":50096,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","event_type":"#;
    check(
        &[
            r#""flow","app_proto":"failed","flow":{"pkts_toserver":3,"pkts_toclient":1,"bytes_toserver":198,"bytes_toclient":60,"start":"2026-03-01T10:20:00Z","end":"2026-03-01T10:20:02Z","state":"closed","reason":"shutdown"}}"#,
            r#""http","http":{"hostname":"example.com","http_port":8080,"url":"/a?b=c","http_user_agent":"curl","http_method":"GET","protocol":"HTTP/1.1","status":404,"length":3}}"#,
            r#""dns","dns":{"version":2,"type":"answer","id":7,"rrname":"example.com","rrtype":"A","rcode":"NXDOMAIN","answers":[{"rrname":"example.com","rrtype":"A","ttl":60,"rdata":"192.0.2.1"}]}}"#,
            r#""fileinfo","app_proto":"smb","fileinfo":{"filename":"share\\a.exe","size":7,"sha256":"ab","state":"CLOSED"}}"#,
            r#""fileinfo","app_proto":"http","http":{"hostname":"example.com","url":"/a.exe","http_method":"GET","status":200},"fileinfo":{"filename":"/a.exe","size":7,"md5":"cd"}}"#,
            r#""krb5","krb5":{"msg_type":"KRB_ERROR","failed_request":"KRB_AS_REQ","error_code":"KDC_ERR_PREAUTH_REQUIRED","cname":"<empty>","realm":"<empty>","sname":"krbtgt/x"}}"#,
            r#""tls","tls":{"sni":"example.com","version":"TLS 1.3","fingerprint":"A6:10","ja3":{"hash":"de35"}}}"#,
        ]
        .map(|rest| format!("{start}{rest}\n"))
        .concat(),
        expect![[r#"
            network_activity: Traffic at 2026-03-01T10:20:30.250Z
              metadata_log_name = flow
              metadata_event_code = flow
              metadata_correlation_uid = 77
              connection_info_uid = 77
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 50096
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 80
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              start_time = 1772360400000
              end_time = 1772360402000
              duration = 2000
              traffic_bytes_out = 198
              traffic_bytes_in = 60
              traffic_packets_out = 3
              traffic_packets_in = 1
              traffic_bytes = 258
              traffic_packets = 4
              status = Success
              status_detail = closed
              status_code = shutdown
              unmapped = {"app_proto":"failed"}
            http_activity: Get at 2026-03-01T10:20:30.250Z
              metadata_log_name = http
              metadata_event_code = http
              metadata_correlation_uid = 77
              connection_info_uid = 77
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 50096
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 80
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              app_protocol_name = http
              http_request_http_method = GET
              http_request_url_scheme = http
              http_request_url_hostname = example.com
              http_request_url_port = 8080
              http_request_url_path = /a
              http_request_url_query_string = b=c
              http_request_url_url_string = http://example.com/a?b=c
              http_request_user_agent = curl
              http_request_version = HTTP/1.1
              http_response_body_length = 3
              http_response_code = 404
              status = Failure
            dns_activity: Response at 2026-03-01T10:20:30.250Z
              metadata_log_name = dns
              metadata_event_code = dns
              metadata_correlation_uid = 77
              connection_info_uid = 77
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 50096
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 80
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              app_protocol_name = dns
              query_hostname = example.com
              query_type = A
              query_packet_uid = 7
              rcode_id = 3
              rcode = NXDomain
              status = Failure
              answers_rdata = 192.0.2.1
              answers = [{"rdata":"192.0.2.1","type":"A","ttl":60}]
              unmapped = {"dns":{"version":2,"type":"answer"}}
            file_activity: Transfer at 2026-03-01T10:20:30.250Z
              metadata_log_name = fileinfo
              metadata_event_code = fileinfo
              metadata_correlation_uid = 77
              file_name = a.exe
              file_path = share\a.exe
              file_size = 7
              file_hashes_sha256_value = ab
              unmapped = {"src_ip":"192.0.2.7","src_port":50096,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","app_proto":"smb","fileinfo":{"state":"CLOSED"}}
            http_activity: Transfer at 2026-03-01T10:20:30.250Z
              metadata_log_name = fileinfo
              metadata_event_code = fileinfo
              metadata_correlation_uid = 77
              connection_info_uid = 77
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 50096
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 80
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              app_protocol_name = http
              file_name = a.exe
              file_size = 7
              file_hashes_md5_value = cd
              http_request_http_method = GET
              http_request_url_scheme = http
              http_request_url_hostname = example.com
              http_request_url_path = /a.exe
              http_request_url_url_string = http://example.com/a.exe
              http_response_code = 200
            authentication: Preauth at 2026-03-01T10:20:30.250Z
              metadata_log_name = krb5
              metadata_event_code = krb5
              metadata_correlation_uid = 77
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 50096
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 80
              auth_protocol = Kerberos
              auth_protocol_id = 2
              status = Failure
              service_name = krbtgt/x
              status_code = KDC_ERR_PREAUTH_REQUIRED
              status_detail = KRB_AS_REQ
              is_cleartext = false
              unmapped = {"proto":"TCP"}
            network_activity: Traffic at 2026-03-01T10:20:30.250Z
              metadata_log_name = tls
              metadata_event_code = tls
              metadata_correlation_uid = 77
              connection_info_uid = 77
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 50096
              dst_endpoint_ip = 198.51.100.7
              dst_endpoint_port = 80
              connection_info_protocol_num = 6
              connection_info_protocol_name = tcp
              app_protocol_name = tls
              tls_version = TLS 1.3
              tls_sni = example.com
              tls_ja3_hash_value = de35
              tls_certificate_fingerprints_sha1_value = a610
        "#]],
    );
}

#[test]
fn odd_values_are_never_lost() {
    check_odd_values(
        Source::SuricataEve,
        r#"{"timestamp":"2026-03-01T10:20:30Z","flow_id":7,"event_type":"dns","src_ip":"192.0.2.7","src_port":5,"dns":{"type":"answer","answers":[{"rdata":"a","ttl":1}],"rcode":"NOERROR"}}"#,
    );
}
