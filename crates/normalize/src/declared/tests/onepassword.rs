//! Records of the Events API of 1Password.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("onepassword").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_sign_in_that_the_firewall_stopped_is_a_failure() {
    check(
        r#"{"uuid":"e1","session_uuid":"s1","timestamp":"2026-03-01T09:00:00-03:00","category":"firewall_failed","type":"continent_blocked","country":"FR","details":{"value":"Europe"},"target_user":{"uuid":"u1","name":"Mara","email":"mara@corp.example"},"client":{"app_name":"1Password Browser","app_version":"20240","os_name":"MacOSX","ip_address":"203.0.113.9"},"location":{"country":"Canada","region":"Ontario","city":"Toronto","latitude":43.5,"longitude":-79.4}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Failure
              metadata_product_feature_name = Sign-in attempts
              metadata_event_code = continent_blocked
              status_code = firewall_failed
              status_detail = Europe
              session_uid = s1
              user_uid = u1
              user_name = mara@corp.example
              user_full_name = Mara
              user_email_addr = mara@corp.example
              actor_user_uid = u1
              actor_user_name = mara@corp.example
              actor_user_full_name = Mara
              actor_user_email_addr = mara@corp.example
              is_remote = true
              service_name = 1Password
              metadata_uid = e1
              actor_app_name = 1Password Browser
              src_endpoint_ip = 203.0.113.9
              src_endpoint_os_name = MacOSX
              src_endpoint_location_country = Canada
              src_endpoint_location_region = Ontario
              src_endpoint_location_city = Toronto
              src_endpoint_location_lat = 43.5
              src_endpoint_location_long = -79.4
              http_request_user_agent = 1Password Browser/20240
              unmapped = {"country":"FR"}
        "#]],
    );
}

#[test]
fn an_item_that_was_used_is_read() {
    check(
        r#"{"uuid":"e2","timestamp":"2026-03-01T12:00:00Z","used_version":2,"vault_uuid":"v1","item_uuid":"it1","user":{"uuid":"u1","name":"Mara","email":"mara@corp.example"},"client":{"app_name":"1Password CLI","app_version":"2","ip_address":"1.1.1.1.1"},"action":"reveal"}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_product_feature_name = Item usages
              actor_user_uid = u1
              actor_user_name = mara@corp.example
              actor_user_full_name = Mara
              actor_user_email_addr = mara@corp.example
              resources_uid = it1
              resources_namespace = v1
              resources_type = Item
              api_operation = reveal
              api_service_name = 1Password
              metadata_uid = e2
              metadata_event_code = reveal
              actor_app_name = 1Password CLI
              http_request_user_agent = 1Password CLI/2
              unmapped = {"used_version":2,"client":{"ip_address":"1.1.1.1.1"}}
        "#]],
    );
}

#[test]
fn a_member_joins_a_group_and_a_vault_is_granted() {
    check(
        r#"{"uuid":"e3","timestamp":"2026-03-01T12:00:00Z","actor_uuid":"u1","actor_details":{"uuid":"u1","name":"Mara","email":"mara@corp.example"},"action":"join","object_type":"gm","object_uuid":"g1","aux_uuid":"u2","aux_details":{"uuid":"u2","name":"Eve","email":"eve@corp.example"},"aux_info":"R","session":{"uuid":"s1","login_time":"2026-03-01T11:00:00Z","device_uuid":"d1","ip":"203.0.113.9"}}
{"uuid":"e4","timestamp":"2026-03-01T12:00:00Z","actor_uuid":"u1","action":"grant","object_type":"uva","object_uuid":"v1","aux_info":"A"}
{"uuid":"e5","timestamp":"2026-03-01T12:00:00Z","actor_uuid":"u1","action":"delete","object_type":"vault","object_uuid":"v1"}"#,
        expect![[r#"
            group_management: Add User at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_uid = e3
              metadata_event_code = join
              actor_user_uid = u1
              actor_user_name = mara@corp.example
              actor_user_full_name = Mara
              actor_user_email_addr = mara@corp.example
              actor_session_uid = s1
              actor_session_created_time = 1772362800000
              src_endpoint_ip = 203.0.113.9
              src_endpoint_uid = d1
              user_uid = u2
              user_name = eve@corp.example
              user_full_name = Eve
              user_email_addr = eve@corp.example
              group_uid = g1
              unmapped = {"actor_uuid":"u1","object_type":"gm","aux_uuid":"u2","aux_info":"R"}
            user_access: Assign Privileges at 2026-03-01T12:00:00.000Z
              status = Success
              resource_uid = v1
              resource_type = uva
              privileges = A
              metadata_uid = e4
              metadata_event_code = grant
              actor_user_uid = u1
            api_activity: Delete at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = delete
              api_service_name = 1Password
              resources_uid = v1
              resources_type = vault
              metadata_uid = e5
              metadata_event_code = delete
              actor_user_uid = u1
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"uuid":"e1","session_uuid":"s1","timestamp":"2026-03-01T09:00:00-03:00","category":"firewall_failed","type":"continent_blocked","country":"FR","details":{"value":"Europe"},"target_user":{"uuid":"u1","name":"Mara","email":"mara@corp.example"},"client":{"app_name":"1Password Browser","app_version":"20240","os_name":"MacOSX","ip_address":"203.0.113.9"},"location":{"country":"Canada","region":"Ontario","city":"Toronto","latitude":43.5,"longitude":-79.4}}"#,
    );
}
