use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::{check_odd_values, shown};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsWaf, input.as_bytes()));
}

const BLOCKED: &str = r#"{"timestamp":1772360430000,"formatVersion":1,"webaclId":"arn:aws:wafv2:us-east-1:123456789012:global/webacl/acl1/41f0","terminatingRuleId":"XSS","action":"BLOCK","httpSourceName":"CF","httpSourceId":"E2","labels":[{"name":"awswaf:x"}],"httpRequest":{"clientIp":"192.0.2.7","country":"DE","headers":[{"name":"Host","value":"www.example.com"},{"name":"user-agent","value":"curl"}],"uri":"/a","args":"b=c","httpVersion":"HTTP/1.1","httpMethod":"GET","requestId":"r1"}}"#;

#[test]
fn a_request_has_what_the_rules_decided() {
    check(
        BLOCKED,
        expect![[r#"
        http_activity: Get at 2026-03-01T10:20:30.000Z
          http_request_http_method = GET
          cloud_region = us-east-1
          cloud_account_uid = 123456789012
          policy_name = acl1
          policy_uid = arn:aws:wafv2:us-east-1:123456789012:global/webacl/acl1/41f0
          status_detail = XSS
          action_id = 2
          action = Denied
          disposition_id = 2
          disposition = Blocked
          metadata_event_code = BLOCK
          http_request_user_agent = curl
          http_request_http_headers = [{"name":"Host","value":"www.example.com"},{"name":"user-agent","value":"curl"}]
          http_request_url_hostname = www.example.com
          http_request_url_path = /a
          http_request_url_query_string = b=c
          metadata_product_version = 1
          src_endpoint_ip = 192.0.2.7
          src_endpoint_location_country = DE
          src_endpoint_uid = E2
          src_endpoint_svc_name = CF
          http_request_version = HTTP/1.1
          http_request_uid = r1
          metadata_labels = awswaf:x
          unmapped = {"labels":[{"name":"awswaf:x"}]}
    "#]],
    );
    check_odd_values(Source::AwsWaf, BLOCKED);
}
