//! Records of the logs of Duo Security.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("duo").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_push_that_was_called_fraud_is_severe() {
    check(
        r#"{"access_device":{"browser":"Chrome","browser_version":"67.0","hostname":null,"ip":"203.0.113.9","location":{"city":"Bonn","country":"Germany","state":"NRW"},"os":"Mac OS X"},"application":{"key":"DI1","name":"VPN"},"auth_device":{"ip":"198.51.100.7","key":"DP1","name":"Phone"},"email":"mara@corp.example","event_type":"authentication","factor":"duo_push","isotimestamp":"2026-03-01T12:00:00.351346+00:00","reason":"user_marked_fraud","result":"fraud","timestamp":1772366400,"txid":"tx1","user":{"groups":["Ops","VPN"],"key":"DU1","name":"mara"}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.351Z
              severity = High
              status = Failure
              metadata_product_feature_name = Authentication
              metadata_uid = tx1
              metadata_event_code = authentication
              status_code = fraud
              status_detail = user_marked_fraud
              user_name = mara
              user_uid = DU1
              user_email_addr = mara@corp.example
              user_groups_name = Ops | VPN
              actor_user_name = mara
              actor_user_uid = DU1
              actor_user_email_addr = mara@corp.example
              actor_user_groups_name = Ops | VPN
              src_endpoint_ip = 203.0.113.9
              src_endpoint_os_name = Mac OS X
              src_endpoint_location_city = Bonn
              src_endpoint_location_country = Germany
              src_endpoint_location_region = NRW
              http_request_user_agent = Chrome/67.0
              device_name = Phone
              device_ip = 198.51.100.7
              device_uid = DP1
              is_remote = true
              is_mfa = true
              auth_protocol = duo_push
              service_name = VPN
              service_uid = DI1
              unmapped = {"timestamp":1772366400}
        "#]],
    );
}

#[test]
fn only_a_factor_that_was_passed_over_is_no_second_factor() {
    check(
        r#"{"event_type":"authentication","factor":"not_available","isotimestamp":"2026-03-01T12:00:00+00:00","reason":"bypass_user","result":"success","txid":"tx2","user":{"key":"DU1","name":"mara"}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_product_feature_name = Authentication
              metadata_uid = tx2
              metadata_event_code = authentication
              status_code = success
              status_detail = bypass_user
              user_name = mara
              user_uid = DU1
              actor_user_name = mara
              actor_user_uid = DU1
              is_remote = true
              is_mfa = false
              auth_protocol = not_available
        "#]],
    );
}

#[test]
fn what_administrators_do_has_its_details_in_a_text() {
    check(
        r#"{"action":"admin_login","description":"{\"ip_address\": \"203.0.113.9\", \"factor\": \"push\", \"primary_auth_method\": \"Password\", \"role\": \"Owner\"}","isotimestamp":"2026-03-01T12:00:00+00:00","object":null,"timestamp":1772366400,"username":"Mara","eventtype":"admin_log"}
{"action":"bypass_create","description":"{\"user_id\": \"DU2\", \"count\": 1}","object":"eve@corp.example","isotimestamp":"2026-03-01T12:00:00+00:00","username":"Mara"}
{"action":"policy_update","description":"no json","object":"Global Policy","isotimestamp":"2026-03-01T12:00:00+00:00","username":"Mara"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Success
              user_name = Mara
              is_remote = true
              auth_protocol = Password
              is_mfa = true
              service_name = Duo Admin Panel
              metadata_product_feature_name = admin_log
              metadata_event_code = admin_login
              actor_user_name = Mara
              src_endpoint_ip = 203.0.113.9
              metadata_log_name = admin_log
              unmapped = {"description":{"role":"Owner"},"timestamp":1772366400}
            account_change: bypass_create at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_product_feature_name = Administrator
              metadata_event_code = bypass_create
              actor_user_name = Mara
              user_name = eve@corp.example
              user_email_addr = eve@corp.example
              user_uid = DU2
              unmapped = {"description":{"count":1}}
            api_activity: Update at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = policy_update
              api_service_name = Duo Admin API
              resources_name = Global Policy
              api_request_data = "no json"
              metadata_product_feature_name = Administrator
              metadata_event_code = policy_update
              actor_user_name = Mara
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"access_device":{"browser":"Chrome","browser_version":"67.0","hostname":null,"ip":"203.0.113.9","location":{"city":"Bonn","country":"Germany","state":"NRW"},"os":"Mac OS X"},"application":{"key":"DI1","name":"VPN"},"auth_device":{"ip":"198.51.100.7","key":"DP1","name":"Phone"},"email":"mara@corp.example","event_type":"authentication","factor":"duo_push","isotimestamp":"2026-03-01T12:00:00.351346+00:00","reason":"user_marked_fraud","result":"fraud","timestamp":1772366400,"txid":"tx1","user":{"groups":["Ops","VPN"],"key":"DU1","name":"mara"}}"#,
    );
}
