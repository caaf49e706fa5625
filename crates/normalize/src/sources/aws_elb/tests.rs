use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsElb, input.as_bytes()));
}

#[test]
fn every_kind_of_balancer_has_its_order() {
    check(
        "https 2026-03-01T10:20:30.186641Z app/web/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.000 0.001 0.002 502 - 34 366 \"GET https://www.example.com:443/a?b=c HTTP/2.0\" \"curl \\\"x\\\"\" ECDHE TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73 \"Root=1-58\" \"www.example.com\" \"-\" 0 2026-03-01T10:20:30.180000Z \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"-\" \"-\" \"-\" TID_1 \"-\" \"-\" \"-\" \"new\"\n\
         2026-03-01T10:20:30.186641Z my-elb 192.0.2.7:2817 - -1 -1 -1 503 0 0 0 \"GET http://www.example.com:80/ HTTP/1.1\" \"-\" - -\n\
         tls 2.0 2026-03-01T10:20:30 net/n/c6e7 g3d4 [2001:db8::7]:51341 10.0.0.1:443 5 2 29 107 - arn:aws:acm:us-east-2:671290407336:certificate/2a - ECDHE tlsv12 - example.com h2 h2 \"h2\" 2026-03-01T10:20:30\n",
        expect![[r#"
            http_activity: Get at 2026-03-01T10:20:30.186Z
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 2817
              dst_endpoint_ip = 10.0.0.1
              dst_endpoint_port = 80
              cloud_region = us-east-2
              cloud_account_uid = 123456789012
              metadata_log_name = https
              device_name = app/web/50dc6c495c0c9188
              tls_cipher = ECDHE
              tls_version = TLSv1.2
              tls_sni = www.example.com
              traffic_bytes_out = 34
              traffic_bytes_in = 366
              http_request_http_method = GET
              http_request_url_scheme = https
              http_request_url_hostname = www.example.com
              http_request_url_port = 443
              http_request_url_path = /a
              http_request_url_query_string = b=c
              http_request_url_url_string = https://www.example.com:443/a?b=c
              http_request_version = HTTP/2.0
              http_request_user_agent = curl \"x\"
              http_request_uid = Root=1-58
              http_response_code = 502
              status = Failure
              start_time = 1772360430180
              end_time = 1772360430186
              duration = 3
              unmapped = {"request_processing_time":"0.000","target_processing_time":"0.001","response_processing_time":"0.002","target_group_arn":"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t/73","matched_rule_priority":"0","actions_executed":"forward","target:port_list":"10.0.0.1:80","conn_trace_id":"TID_1","more":["new"]}
            http_activity: Get at 2026-03-01T10:20:30.186Z
              src_endpoint_ip = 192.0.2.7
              src_endpoint_port = 2817
              device_name = my-elb
              traffic_bytes_out = 0
              traffic_bytes_in = 0
              http_request_http_method = GET
              http_request_url_scheme = http
              http_request_url_hostname = www.example.com
              http_request_url_port = 80
              http_request_url_path = /
              http_request_url_url_string = http://www.example.com:80/
              http_request_version = HTTP/1.1
              http_response_code = 503
              status = Failure
              end_time = 1772360430186
              unmapped = {"request_processing_time":"-1","target_processing_time":"-1","response_processing_time":"-1","target_status_code":"0"}
            network_activity: Traffic at 2026-03-01T10:20:30.000Z
              src_endpoint_ip = 2001:db8::7
              src_endpoint_port = 51341
              dst_endpoint_ip = 10.0.0.1
              dst_endpoint_port = 443
              cloud_region = us-east-2
              cloud_account_uid = 671290407336
              metadata_log_name = tls
              device_name = net/n/c6e7
              tls_cipher = ECDHE
              tls_version = tlsv12
              tls_sni = example.com
              traffic_bytes_out = 29
              traffic_bytes_in = 107
              app_protocol_name = tls
              unmapped = {"version":"2.0","listener":"g3d4","connection_time":"5","tls_handshake_time":"2","chosen_cert_arn":"arn:aws:acm:us-east-2:671290407336:certificate/2a","alpn_fe_protocol":"h2","alpn_be_protocol":"h2","alpn_client_preference_list":"h2","tls_connection_creation_time":"2026-03-01T10:20:30"}
        "#]],
    );
}

#[test]
fn a_line_without_a_time_is_a_reject() {
    check(
        "http now app/web/1 192.0.2.7:1\n",
        expect![[r#"
        reject: not an access log of a load balancer: neither the first, the second nor the third word is a time
    "#]],
    );
}
