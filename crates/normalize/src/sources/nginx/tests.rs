use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::Nginx, input.as_bytes()));
}

#[test]
fn the_client_is_the_first_address_and_a_host_may_come_before() {
    check(
        "192.0.2.7 - ann [07/Dec/2026:11:05:07 +0100] \"GET /a?b=c HTTP/1.1\" 404 571 \"-\" \"curl\"\n\
         example.com:80 192.0.2.7, 10.0.0.1 - - [07/Dec/2026:11:05:07 +0100] \"GET /a HTTP/1.1\" 200 571 \"-\" \"curl\" \"192.0.2.8\" 0.2\n\
         \"192.0.2.7, 10.0.0.1\" 10.2.1.185 - - [07/Dec/2026:11:05:07 +0100] \"GET /a HTTP/1.1\" 200 571 \"-\" \"curl\"\n\
         198.51.100.1:80 127.0.0.1 - - [12/Apr/2026:09:48:40 +0200] \"\" 400 0 \"-\" \"-\"\n\
         unix: - - [12/Apr/2026:09:48:40 +0200] \"hello\" 400 0 \"-\" \"-\"\n\
         2026/03/01 10:20:30 [error] 17308#0: *5 open() failed, client: 192.0.2.7, server: x\n\
         no log\n",
        expect![[r#"
            http_activity: Get at 2026-12-07T10:05:07.000Z
              metadata_log_name = access
              http_request_http_method = GET
              http_request_version = HTTP/1.1
              src_endpoint_ip = 192.0.2.7
              actor_user_name = ann
              http_request_url_path = /a
              http_request_url_query_string = b=c
              http_response_body_length = 571
              http_request_user_agent = curl
              http_response_code = 404
              status = Failure
            http_activity: Get at 2026-12-07T10:05:07.000Z
              metadata_log_name = access
              http_request_http_method = GET
              http_request_version = HTTP/1.1
              src_endpoint_ip = 192.0.2.7
              src_endpoint_intermediate_ips = 10.0.0.1
              dst_endpoint_hostname = example.com
              dst_endpoint_port = 80
              http_request_url_hostname = example.com
              http_request_url_port = 80
              http_request_url_path = /a
              http_response_body_length = 571
              http_request_user_agent = curl
              http_response_code = 200
              status = Success
              unmapped = {"more":["192.0.2.8","0.2"]}
            http_activity: Get at 2026-12-07T10:05:07.000Z
              metadata_log_name = access
              http_request_http_method = GET
              http_request_version = HTTP/1.1
              src_endpoint_ip = 192.0.2.7
              src_endpoint_intermediate_ips = 10.0.0.1 | 10.2.1.185
              http_request_url_path = /a
              http_response_body_length = 571
              http_request_user_agent = curl
              http_response_code = 200
              status = Success
            http_activity: Unknown at 2026-04-12T07:48:40.000Z
              metadata_log_name = access
              src_endpoint_ip = 127.0.0.1
              dst_endpoint_ip = 198.51.100.1
              dst_endpoint_port = 80
              http_request_url_hostname = 198.51.100.1
              http_request_url_port = 80
              http_response_body_length = 0
              http_response_code = 400
              status = Failure
            http_activity: Unknown at 2026-04-12T07:48:40.000Z
              metadata_log_name = access
              src_endpoint_hostname = unix
              http_request_url_path = hello
              http_response_body_length = 0
              http_response_code = 400
              status = Failure
            event_log_activity: Unknown at 2026-03-01T10:20:30.000Z
              severity = High
              metadata_log_name = error
              log_name = error
              log_provider = nginx
              metadata_log_level = error
              actor_process_pid = 17308
              message = *5 open() failed, client: 192.0.2.7, server: x
              src_endpoint_ip = 192.0.2.7
            reject: not an nginx log: there is no [time]
        "#]],
    );
    check(
        r#"{"timestamp":"2026-03-01T10:20:30+02:00","remote_addr":"192.0.2.7","response_status":200,"request_time":0.003,"request":"GET /a HTTP/1.1","host":"www.example.com","http_scheme":"https","upstream_addr":"198.51.100.6:38080"}"#,
        expect![[r#"
            http_activity: Get at 2026-03-01T08:20:30.000Z
              metadata_log_name = access
              http_request_http_method = GET
              http_request_version = HTTP/1.1
              src_endpoint_ip = 192.0.2.7
              dst_endpoint_hostname = www.example.com
              http_request_url_scheme = https
              http_request_url_hostname = www.example.com
              http_request_url_path = /a
              http_request_url_url_string = https://www.example.com/a
              dst_endpoint_ip = 198.51.100.6
              dst_endpoint_port = 38080
              http_response_code = 200
              status = Success
              duration = 3
        "#]],
    );
}
