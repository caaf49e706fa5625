use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(Source::GcpLb));
    expected.assert_eq(&shown(Source::GcpLb, input.as_bytes()));
}

const DENIED: &str = r#"{"insertId":"i1","jsonPayload":{"@type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry","remoteIp":"203.0.113.9","statusDetails":"denied_by_security_policy","enforcedSecurityPolicy":{"name":"edge","outcome":"DENY","configuredAction":"DENY","priority":1000},"securityPolicyRequestData":{"remoteIpInfo":{"regionCode":"DE","asn":64500},"tlsJa3Fingerprint":"c691c8ec005d3a6a8aafc394edf6c1a3"}},"httpRequest":{"requestMethod":"POST","requestUrl":"https://shop.example:8443/cart?id=1","requestSize":"488","status":403,"responseSize":"258","userAgent":"curl/8.5","referer":"https://shop.example/","remoteIp":"203.0.113.9","latency":"0.102957s"},"resource":{"type":"http_load_balancer","labels":{"project_id":"pay-1","zone":"global","forwarding_rule_name":"front","backend_service_name":"shop","url_map_name":"map"}},"timestamp":"2026-03-01T12:00:00.5Z","receiveTimestamp":"2026-03-01T12:00:01Z","severity":"WARNING","logName":"projects/pay-1/logs/requests","trace":"projects/pay-1/traces/t1","spanId":"s1"}"#;

#[test]
fn a_request_that_cloud_armor_denied_names_the_policy() {
    check(
        DENIED,
        expect![[r#"
        http_activity: Post at 2026-03-01T12:00:00.500Z
          severity = Low
          metadata_logged_time = 1772366401000
          metadata_uid = i1
          metadata_correlation_uid = projects/pay-1/traces/t1
          cloud_project_uid = pay-1
          cloud_account_uid = pay-1
          metadata_log_name = projects/pay-1/logs/requests
          cloud_region = global
          metadata_log_level = WARNING
          http_request_http_method = POST
          http_request_url_scheme = https
          http_request_url_hostname = shop.example
          http_request_url_port = 8443
          http_request_url_path = /cart
          http_request_url_query_string = id=1
          http_request_url_url_string = https://shop.example:8443/cart?id=1
          http_response_code = 403
          status = Failure
          duration = 103
          src_endpoint_ip = 203.0.113.9
          src_endpoint_location_country = DE
          src_endpoint_autonomous_system_number = 64500
          dst_endpoint_svc_name = shop
          device_name = front
          policy_name = edge
          metadata_event_code = DENY
          action_id = 2
          action = Denied
          disposition_id = 2
          disposition = Blocked
          http_request_user_agent = curl/8.5
          http_request_referrer = https://shop.example/
          traffic_bytes_out = 488
          traffic_bytes_in = 258
          status_detail = denied_by_security_policy
          tls_ja3_hash_value = c691c8ec005d3a6a8aafc394edf6c1a3
          unmapped = {"jsonPayload":{"@type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry","enforcedSecurityPolicy":{"priority":1000}},"resource":{"type":"http_load_balancer","labels":{"url_map_name":"map"}},"spanId":"s1"}
    "#]],
    );
}

#[test]
fn a_regional_balancer_writes_ports_and_panther_small_letters() {
    check(
        r#"{"entries":[{"httpRequest":{"requestMethod":"GET","requestUrl":"http://192.0.2.1:80/","status":200,"remoteIp":"203.0.113.9:49194","serverIp":"10.0.0.4","protocol":"HTTP/1.1","latency":"soon"},"jsonPayload":{"enforcedSecurityPolicy":{"outcome":"ACCEPT","configuredAction":"THROTTLE"}},"logName":"projects/pay-1/logs/loadbalancing.googleapis.com%2Fexternal_regional_requests","resource":{"type":"http_external_regional_lb_rule","labels":{"region":"europe-west9","backend_target_name":"shop","network_name":"prod"}},"timestamp":"2026-03-01T12:00:00Z"}]}"#,
        expect![[r#"
            http_activity: Get at 2026-03-01T12:00:00.000Z
              cloud_project_uid = pay-1
              cloud_account_uid = pay-1
              metadata_log_name = projects/pay-1/logs/loadbalancing.googleapis.com%2Fexternal_regional_requests
              cloud_region = europe-west9
              http_request_http_method = GET
              http_request_url_scheme = http
              http_request_url_hostname = 192.0.2.1
              http_request_url_port = 80
              http_request_url_path = /
              http_request_url_url_string = http://192.0.2.1:80/
              http_response_code = 200
              status = Success
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 49194
              dst_endpoint_ip = 10.0.0.4
              dst_endpoint_svc_name = shop
              dst_endpoint_vpc_uid = prod
              metadata_event_code = THROTTLE
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              http_request_version = HTTP/1.1
              unmapped = {"httpRequest":{"latency":"soon"},"resource":{"type":"http_external_regional_lb_rule"}}
        "#]],
    );
    check(
        r#"{"httprequest":{"requestMethod":"BREW","remoteIp":"203.0.113.9","requestUrl":"http://192.0.2.1/","status":302},"jsonpayload":{"at_sign_type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry"},"logname":"projects/p/logs/requests","p_event_time":"2026-03-01 12:00:00"}
{"httprequest":{"requestMethod":"GET"},"jsonpayload":{}}"#,
        expect![[r#"
            http_activity: BREW at 2026-03-01T12:00:00.000Z
              cloud_project_uid = p
              cloud_account_uid = p
              metadata_log_name = projects/p/logs/requests
              http_request_url_scheme = http
              http_request_url_hostname = 192.0.2.1
              http_request_url_path = /
              http_request_url_url_string = http://192.0.2.1/
              http_response_code = 302
              status = Success
              src_endpoint_ip = 203.0.113.9
              unmapped = {"jsonPayload":{"at_sign_type":"type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry"}}
            reject: the field timestamp is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(Source::GcpLb, DENIED);
}
