use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::EnvoyAccess, input.as_bytes()));
}

#[test]
fn both_default_orders_are_read() {
    check(
        "[2026-03-01T10:20:30.955Z] \"GET /details/0 HTTP/1.1\" 200 - via_upstream - \"-\" 0 178 2 1 \"192.0.2.7\" \"curl\" \"r1\" \"details:9080\" \"10.68.2.10:9080\" inbound|9080|| 127.0.0.6:47889 10.68.2.10:9080 10.68.1.7:39696 - default new\n\
         [2026-03-01T10:20:30.955Z] \"POST /a HTTP/2\" 503 UF 5 9 20 - \"-\" \"curl\" \"r2\" \"www.example.com\" \"-\"\n",
        expect![[r#"
            http_activity: Get at 2026-03-01T10:20:30.955Z
              http_request_http_method = GET
              http_request_version = HTTP/1.1
              http_request_url_hostname = details
              http_request_url_port = 9080
              http_request_url_path = /details/0
              src_endpoint_ip = 10.68.1.7
              src_endpoint_port = 39696
              dst_endpoint_ip = 10.68.2.10
              dst_endpoint_port = 9080
              dst_endpoint_hostname = details
              http_request_x_forwarded_for = 192.0.2.7
              http_request_user_agent = curl
              http_request_uid = r1
              http_request_body_length = 0
              http_response_body_length = 178
              duration = 2
              status_detail = via_upstream
              dst_endpoint_svc_name = inbound|9080||
              http_response_code = 200
              status = Success
              start_time = 1772360430955
              end_time = 1772360430957
              unmapped = {"upstream_service_time":"1","upstream_local_address":"127.0.0.6:47889","downstream_local_address":"10.68.2.10:9080","route_name":"default","more":["new"]}
            http_activity: Post at 2026-03-01T10:20:30.955Z
              http_request_http_method = POST
              http_request_version = HTTP/2
              http_request_url_hostname = www.example.com
              http_request_url_path = /a
              dst_endpoint_hostname = www.example.com
              http_request_user_agent = curl
              http_request_uid = r2
              http_request_body_length = 5
              http_response_body_length = 9
              duration = 20
              status_code = UF
              http_response_code = 503
              status = Failure
              start_time = 1772360430955
              end_time = 1772360430975
        "#]],
    );
}
