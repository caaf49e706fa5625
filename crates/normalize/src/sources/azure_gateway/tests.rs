use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn check(source: Source, input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source));
    expected.assert_eq(&shown(source, input.as_bytes()));
}

const ACCESS: &str = r#"{"timeStamp":"2026-03-01T12:00:00+00:00","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/FRONT","ruleName":"shop","backendPoolName":"pool","operationName":"ApplicationGatewayAccess","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"appgw_2","clientIP":"203.0.113.9","clientPort":45057,"httpMethod":"GET","originalRequestUriWithArgs":"/cart?id=1","requestUri":"/cart","requestQuery":"id=1","userAgent":"curl/8.5","httpStatus":502,"httpVersion":"HTTP/1.1","receivedBytes":184,"sentBytes":466,"timeTaken":0.034,"WAFMode":"Prevention","transactionId":"t1","sslEnabled":"on","sslCipher":"ECDHE-RSA-AES256-GCM-SHA384","sslProtocol":"TLSv1.2","serverRouted":"10.0.0.4:443","serverStatus":"502","originalHost":"shop.example","host":"shop.example","error_info":"ERRORINFO_UPSTREAM_TIMED_OUT"}}"#;

#[test]
fn a_request_through_a_gateway_names_client_server_and_url() {
    check(
        Source::AzureAppgw,
        ACCESS,
        expect![[r#"
        http_activity: Get at 2026-03-01T12:00:00.000Z
          metadata_log_name = ApplicationGatewayAccessLog
          cloud_account_uid = SUB-1
          device_name = FRONT
          device_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/FRONT
          http_request_http_method = GET
          http_request_url_scheme = https
          http_request_url_hostname = shop.example
          http_request_url_path = /cart
          http_request_url_query_string = id=1
          http_request_url_url_string = https://shop.example/cart?id=1
          http_response_code = 502
          status = Failure
          duration = 34
          src_endpoint_ip = 203.0.113.9
          src_endpoint_port = 45057
          dst_endpoint_ip = 10.0.0.4
          dst_endpoint_port = 443
          http_request_user_agent = curl/8.5
          http_request_version = HTTP/1.1
          traffic_bytes_out = 184
          traffic_bytes_in = 466
          metadata_correlation_uid = t1
          tls_version = TLSv1.2
          tls_cipher = ECDHE-RSA-AES256-GCM-SHA384
          dst_endpoint_svc_name = pool
          device_instance_uid = appgw_2
          status_detail = ERRORINFO_UPSTREAM_TIMED_OUT
          unmapped = {"ruleName":"shop","operationName":"ApplicationGatewayAccess","properties":{"originalRequestUriWithArgs":"/cart?id=1","WAFMode":"Prevention","serverStatus":"502"}}
    "#]],
    );
}

#[test]
fn the_first_version_of_a_gateway_counts_milliseconds() {
    check(
        Source::AzureAppgw,
        r#"{"records":[{"resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/OLD","time":"2026-03-01T12:00:00Z","category":"ApplicationGatewayAccessLog","properties":{"instanceId":"ApplicationGatewayRole_IN_0","clientIP":"203.0.113.9","clientPort":"12345","httpMethod":"HEAD","requestUri":"/xyz","requestQuery":"","userAgent":"-","httpStatus":"200","timeTaken":"359","sslEnabled":"off"}}]}"#,
        expect![[r#"
            http_activity: Head at 2026-03-01T12:00:00.000Z
              metadata_log_name = ApplicationGatewayAccessLog
              cloud_account_uid = SUB-1
              device_name = OLD
              device_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/APPLICATIONGATEWAYS/OLD
              http_request_http_method = HEAD
              http_request_url_scheme = http
              http_request_url_path = /xyz
              http_response_code = 200
              status = Success
              duration = 359
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 12345
              device_instance_uid = ApplicationGatewayRole_IN_0
        "#]],
    );
}

#[test]
fn a_rule_of_the_firewall_that_was_met_says_what_it_did() {
    check(
        Source::AzureAppgw,
        r#"{"time":"2026-03-01T12:00:00Z","category":"ApplicationGatewayFirewallLog","resourceId":"/SUBSCRIPTIONS/SUB-1/X","properties":{"clientIp":"203.0.113.9","requestUri":"/?q=1' or 1=1","ruleSetType":"OWASP_CRS","ruleId":"942130","message":"SQL Injection Attack","action":"Matched","hostname":"shop.example","transactionId":"t2","policyId":"/subscriptions/sub-1/providers/Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/edge","details":{"data":"1=1"}}}"#,
        expect![[r#"
            http_activity: Unknown at 2026-03-01T12:00:00.000Z
              metadata_log_name = ApplicationGatewayFirewallLog
              cloud_account_uid = SUB-1
              device_uid = /SUBSCRIPTIONS/SUB-1/X
              http_request_url_hostname = shop.example
              http_request_url_path = /
              http_request_url_query_string = q=1' or 1=1
              src_endpoint_ip = 203.0.113.9
              action_id = 3
              action = Observed
              disposition_id = 15
              disposition = Detected
              metadata_event_code = Matched
              policy_name = edge
              policy_uid = /subscriptions/sub-1/providers/Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies/edge
              status_detail = 942130
              message = SQL Injection Attack
              metadata_correlation_uid = t2
              unmapped = {"properties":{"ruleSetType":"OWASP_CRS","details":{"data":"1=1"}}}
        "#]],
    );
    check(
        Source::AzureFrontdoor,
        r#"{"time":"2026-03-01T12:00:00.5527699Z","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.CDN/PROFILES/DOOR","category":"FrontDoorWebApplicationFirewallLog","operationName":"Microsoft.Cdn/Profiles/WebApplicationFirewallLog/Write","properties":{"clientIP":"203.0.113.9","clientPort":"44200","socketIP":"198.51.100.7","requestUri":"http://shop.example:80/","ruleName":"Bot100200","policy":"edge","action":"Block","host":"shop.example","trackingReference":"r1","policyMode":"prevention","details":{"msg":"Malicious bots"}}}"#,
        expect![[r#"
            http_activity: Unknown at 2026-03-01T12:00:00.552Z
              metadata_log_name = FrontDoorWebApplicationFirewallLog
              cloud_account_uid = SUB-1
              device_name = DOOR
              device_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.CDN/PROFILES/DOOR
              http_request_url_scheme = http
              http_request_url_hostname = shop.example
              http_request_url_port = 80
              http_request_url_path = /
              http_request_url_url_string = http://shop.example:80/
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 44200
              src_endpoint_intermediate_ips = 198.51.100.7
              action_id = 2
              action = Denied
              disposition_id = 2
              disposition = Blocked
              metadata_event_code = Block
              policy_name = edge
              status_detail = Bot100200
              message = Malicious bots
              metadata_correlation_uid = r1
              unmapped = {"operationName":"Microsoft.Cdn/Profiles/WebApplicationFirewallLog/Write","properties":{"policyMode":"prevention"}}
        "#]],
    );
}

#[test]
fn front_door_tells_the_origin_that_answered() {
    check(
        Source::AzureFrontdoor,
        r#"{"time":"2026-03-01T12:00:00Z","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/FRONTDOORS/OLD","category":"FrontdoorAccessLog","properties":{"trackingReference":"r2","httpMethod":"GET","httpVersion":"2.0.0.0","requestUri":"https://shop.example:443/a?b=1","requestBytes":"90","responseBytes":"4000","userAgent":"curl/8.5","clientIp":"203.0.113.9","clientPort":"61000","socketIp":"203.0.113.9","timeTaken":"0.003","securityProtocol":"TLS 1.3","httpStatusCode":"200","originName":"shop","originIp":"10.0.0.4:443","errorInfo":"NoError","pop":"BER"}}"#,
        expect![[r#"
            http_activity: Get at 2026-03-01T12:00:00.000Z
              metadata_log_name = FrontdoorAccessLog
              cloud_account_uid = SUB-1
              device_name = OLD
              device_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/WEB/PROVIDERS/MICROSOFT.NETWORK/FRONTDOORS/OLD
              http_request_http_method = GET
              http_request_url_scheme = https
              http_request_url_hostname = shop.example
              http_request_url_port = 443
              http_request_url_path = /a
              http_request_url_query_string = b=1
              http_request_url_url_string = https://shop.example:443/a?b=1
              http_response_code = 200
              status = Success
              duration = 3
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 61000
              dst_endpoint_ip = 10.0.0.4
              dst_endpoint_port = 443
              http_request_user_agent = curl/8.5
              http_request_version = 2.0.0.0
              traffic_bytes_out = 90
              traffic_bytes_in = 4000
              metadata_correlation_uid = r2
              tls_version = TLS 1.3
              dst_endpoint_svc_name = shop
              status_detail = NoError
              unmapped = {"properties":{"pop":"BER"}}
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(Source::AzureAppgw, ACCESS);
    check_odd_values(Source::AzureFrontdoor, &ACCESS.replace("requestUri\":\"/", "requestUri\":\"https://x/"));
}
