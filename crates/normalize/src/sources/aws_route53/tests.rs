use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsRoute53, input.as_bytes()));
}

#[test]
fn a_query_has_its_answers_and_what_the_firewall_did() {
    check(
        r#"{"version":"1.100000","account_id":"123456789012","region":"us-east-1","vpc_id":"vpc-1","query_timestamp":"2026-03-01T10:20:30Z","query_name":"bad.example.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"192.0.2.1","Type":"A","Class":"IN"}],"srcaddr":"10.0.1.104","srcport":"54500","transport":"UDP","srcids":{"instance":"i-1"},"firewall_rule_group_id":"rslvr-frg-1","firewall_rule_action":"ALERT","firewall_domain_list_id":"rslvr-fdl-1"}"#,
        expect![[r#"
            dns_activity: Traffic at 2026-03-01T10:20:30.000Z
              query_time = 1772360430000
              metadata_product_feature_name = Resolver Query Logs
              app_protocol_name = dns
              metadata_product_version = 1.100000
              cloud_account_uid = 123456789012
              cloud_region = us-east-1
              query_hostname = bad.example.
              query_type = A
              query_class = IN
              src_endpoint_ip = 10.0.1.104
              src_endpoint_port = 54500
              src_endpoint_vpc_uid = vpc-1
              src_endpoint_instance_uid = i-1
              connection_info_protocol_num = 17
              connection_info_protocol_name = udp
              connection_info_protocol_ver_id = 4
              rcode_id = 0
              rcode = NoError
              status = Success
              response_time = 1772360430000
              answers_rdata = 192.0.2.1
              answers = [{"rdata":"192.0.2.1","type":"A","class":"IN"}]
              action_id = 1
              action = Allowed
              disposition_id = 19
              disposition = Alert
              is_alert = true
              policy_uid = rslvr-frg-1
              unmapped = {"firewall_domain_list_id":"rslvr-fdl-1"}
        "#]],
    );
}
