use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsCloudfront, input.as_bytes()));
}

#[test]
fn the_header_says_the_order_and_json_has_the_same_names() {
    check(
        "#Version: 1.0\n#Fields: date time c-ip cs-method cs(Host) cs-uri-stem sc-status cs(User-Agent) cs-uri-query x-edge-result-type new-field\n2026-03-01\t10:20:30\t192.0.2.7\tPOST\td1.cloudfront.net\t/a\t403\tcurl%208\tb=c\tError\t7\n",
        expect![[r#"
            http_activity: Post at 2026-03-01T10:20:30.000Z
              http_request_http_method = POST
              src_endpoint_ip = 192.0.2.7
              http_request_url_hostname = d1.cloudfront.net
              http_request_url_path = /a
              http_request_url_query_string = b=c
              http_request_user_agent = curl 8
              dst_endpoint_hostname = d1.cloudfront.net
              status_detail = Error
              http_response_code = 403
              status = Failure
              unmapped = {"more":["7"]}
        "#]],
    );
    check(
        r#"{"date":"2026-03-01","start_time":"10:20:30","c-ip":"2001:0db8::7","cs-method":"GET","x-host-header":"www.example.com","cs-protocol":"https","cs-uri-stem":"/a","cs-uri-query":"-","sc-status":"200","c-port":"_","x-edge-result-type":"Hit","count":2}"#,
        expect![[r#"
            http_activity: Get at 2026-03-01T10:20:30.000Z
              http_request_http_method = GET
              src_endpoint_ip = 2001:db8::7
              http_request_url_scheme = https
              http_request_url_hostname = www.example.com
              http_request_url_path = /a
              http_request_url_url_string = https://www.example.com/a
              status_detail = Hit
              count = 2
              http_response_code = 200
              status = Success
              unmapped = {"c-port":"_"}
        "#]],
    );
}
