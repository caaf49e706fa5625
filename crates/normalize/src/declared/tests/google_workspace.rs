//! Records of the activities of Google Workspace.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("google_workspace").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_sign_in_has_its_parameters_in_a_list() {
    check(
        r#"{"kind":"admin#reports#activity","id":{"time":"2026-03-01T12:00:00.545Z","uniqueQualifier":"-2","applicationName":"login","customerId":"c1"},"etag":"e","actor":{"callerType":"USER","email":"mara@corp.example","profileId":"11"},"ipAddress":"203.0.113.9","networkInfo":{"ipAsn":[64496],"regionCode":"DE"},"events":[{"type":"login","name":"login_failure","parameters":[{"name":"login_type","value":"google_password"},{"name":"login_failure_type","value":"login_failure_invalid_password"},{"name":"is_second_factor","boolValue":false}]}]}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.545Z
              status = Failure
              is_remote = true
              service_name = Google Workspace
              logon_type = google_password
              logon_type_id = 99
              is_mfa = false
              user_uid = 11
              metadata_product_feature_name = login
              metadata_log_name = login
              metadata_uid = -2
              metadata_event_code = login_failure
              metadata_tenant_uid = c1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_uid = 11
              actor_user_type = USER
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_location_country = DE
              src_endpoint_autonomous_system_number = 64496
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              unmapped = {"kind":"admin#reports#activity","etag":"e","events":[{"type":"login"}]}
        "#]],
    );
}

#[test]
fn an_activity_of_several_events_names_them_all() {
    check(
        r#"{"items":[{"kind":"admin#reports#activity","id":{"time":"2026-03-01T12:00:00Z","uniqueQualifier":"3","applicationName":"admin","customerId":"c1"},"actor":{"email":"mara@corp.example","profileId":"11"},"events":[{"type":"GROUP_SETTINGS","name":"ADD_GROUP_MEMBER","parameters":[{"name":"USER_EMAIL","value":"eve@corp.example"},{"name":"GROUP_EMAIL","value":"ops@corp.example"}]},{"type":"SECURITY_SETTINGS","name":"ENFORCE_STRONG_AUTHENTICATION","parameters":[{"name":"NEW_VALUE","value":"false"}]}]}]}"#,
        expect![[r#"
            group_management: Add User at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_product_feature_name = admin
              metadata_log_name = admin
              metadata_uid = 3
              metadata_event_code = ADD_GROUP_MEMBER
              metadata_labels = ADD_GROUP_MEMBER | ENFORCE_STRONG_AUTHENTICATION
              metadata_tenant_uid = c1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_uid = 11
              user_name = eve@corp.example
              user_email_addr = eve@corp.example
              group_name = ops@corp.example
              unmapped = {"kind":"admin#reports#activity","events":[{"type":"GROUP_SETTINGS"},{"type":"SECURITY_SETTINGS","parameters":[{"name":"NEW_VALUE","value":"false"}]}]}
        "#]],
    );
}

#[test]
fn a_flattened_event_has_its_parameters_by_name() {
    check(
        r#"{"id":{"applicationName":"drive","time":"2026-03-01 12:00:00.123"},"actor":{"email":"mara@corp.example"},"p_log_type":"GSuite.ActivityEvent","type":"acl_change","name":"change_user_access","parameters":{"doc_id":"d1","doc_title":"Plan","target_user":"eve@evil.example","new_value":["can_view"]}}"#,
        expect![[r#"
            user_access: change_user_access at 2026-03-01T12:00:00.123Z
              status = Success
              metadata_product_feature_name = drive
              metadata_log_name = drive
              metadata_event_code = change_user_access
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              user_name = eve@evil.example
              user_email_addr = eve@evil.example
              privileges = can_view
              resource_uid = d1
              resource_name = Plan
              unmapped = {"p_log_type":"GSuite.ActivityEvent","type":"acl_change"}
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"kind":"admin#reports#activity","id":{"time":"2026-03-01T12:00:00.545Z","uniqueQualifier":"-2","applicationName":"login","customerId":"c1"},"etag":"e","actor":{"callerType":"USER","email":"mara@corp.example","profileId":"11"},"ipAddress":"203.0.113.9","networkInfo":{"ipAsn":[64496],"regionCode":"DE"},"events":[{"type":"login","name":"login_failure","parameters":[{"name":"login_type","value":"google_password"},{"name":"login_failure_type","value":"login_failure_invalid_password"},{"name":"is_second_factor","boolValue":false}]}]}"#,
    );
}
