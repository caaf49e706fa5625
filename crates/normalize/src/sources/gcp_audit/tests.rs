use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::GcpAudit, input.as_bytes()));
}

#[test]
fn a_call_of_a_service_account_names_its_key_project_and_resource() {
    check(
        r#"[{"insertId":"i1","logName":"projects/pay/logs/cloudaudit.googleapis.com%2Factivity","timestamp":"2026-03-01T12:00:00.123456789Z","receiveTimestamp":"2026-03-01T12:00:01Z",
            "severity":"NOTICE","resource":{"type":"gce_instance","labels":{"project_id":"pay","zone":"europe-west1-b","instance_id":"7"}},"operation":{"id":"op1","first":true},
            "protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"compute.googleapis.com","methodName":"v1.compute.instances.insert",
            "resourceName":"projects/pay/zones/europe-west1-b/instances/web","authenticationInfo":{"principalEmail":"ci@pay.iam.gserviceaccount.com","serviceAccountKeyName":"//iam/keys/k1"},
            "authorizationInfo":[{"permission":"compute.instances.create","granted":true}],
            "requestMetadata":{"callerIp":"203.0.113.9","callerSuppliedUserAgent":"gcloud","callerNetwork":"//compute/networks/n"},
            "request":{"@type":"x","name":"web"},"response":{"status":"RUNNING"}}}]"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.123Z
              metadata_logged_time = 1772366401000
              metadata_uid = i1
              metadata_correlation_uid = op1
              cloud_project_uid = pay
              metadata_log_name = projects/pay/logs/cloudaudit.googleapis.com%2Factivity
              cloud_account_uid = pay
              cloud_region = europe-west1
              cloud_zone = europe-west1-b
              metadata_log_level = NOTICE
              actor_user_type = Service
              actor_user_type_id = 4
              actor_user_email_addr = ci@pay.iam.gserviceaccount.com
              actor_user_name = ci@pay.iam.gserviceaccount.com
              actor_user_credential_uid = //iam/keys/k1
              actor_authorizations_decision = allow
              src_endpoint_ip = 203.0.113.9
              src_endpoint_vpc_uid = //compute/networks/n
              http_request_user_agent = gcloud
              status = Success
              resources_type = gce_instance
              resources_name = web
              resources_uid = projects/pay/zones/europe-west1-b/instances/web
              api_operation = v1.compute.instances.insert
              api_service_name = compute.googleapis.com
              api_request_data = {"@type":"x","name":"web"}
              api_response_data = {"status":"RUNNING"}
              unmapped = {"resource":{"labels":{"instance_id":"7"}},"operation":{"first":true},"protoPayload":{"@type":"type.googleapis.com/google.cloud.audit.AuditLog","authorizationInfo":[{"permission":"compute.instances.create","granted":true}]}}
        "#]],
    );
}

#[test]
fn a_status_code_is_a_failure_and_a_caller_inside_google_has_a_name() {
    check(
        r#"{"timestamp":"2026-03-01T12:00:00Z","logName":"organizations/99/logs/cloudaudit.googleapis.com%2Fdata_access","severity":"ERROR","resource":{"type":"gcs_bucket","labels":{"location":"eu"}},
            "protoPayload":{"serviceName":"storage.googleapis.com","methodName":"storage.objects.get","resourceName":"projects/_/buckets/b/objects/o",
            "authenticationInfo":{"principalEmail":"mara@corp.example","principalSubject":"user:mara@corp.example"},
            "authorizationInfo":[{"granted":false}],"requestMetadata":{"callerIp":"gce-internal-ip"},"status":{"code":7,"message":"denied"}}}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              severity = Medium
              cloud_org_uid = 99
              metadata_log_name = organizations/99/logs/cloudaudit.googleapis.com%2Fdata_access
              cloud_region = eu
              metadata_log_level = ERROR
              actor_user_type = User
              actor_user_type_id = 1
              actor_user_email_addr = mara@corp.example
              actor_user_name = mara@corp.example
              actor_user_uid = user:mara@corp.example
              actor_authorizations_decision = deny
              src_endpoint_name = gce-internal-ip
              status = Failure
              api_response_code = 7
              status_code = 7
              api_response_error = PERMISSION_DENIED
              api_response_message = denied
              status_detail = denied
              resources_type = gcs_bucket
              resources_name = o
              resources_uid = projects/_/buckets/b/objects/o
              api_operation = storage.objects.get
              api_service_name = storage.googleapis.com
              unmapped = {"protoPayload":{"authorizationInfo":[{"granted":false}]}}
        "#]],
    );
}

#[test]
fn a_failed_sign_in_is_an_authentication_event() {
    check(
        r#"{"timestamp":"2026-03-01T12:00:00Z","protoPayload":{"serviceName":"login.googleapis.com","methodName":"google.login.LoginService.loginFailure",
            "authenticationInfo":{"principalEmail":"mara@corp.example"},"requestMetadata":{"callerIp":"2001:db8::1"},
            "metadata":{"event":[{"eventName":"login_failure","parameter":[{"name":"is_second_factor","boolValue":false}]}]}}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              actor_user_type = User
              actor_user_type_id = 1
              actor_user_email_addr = mara@corp.example
              actor_user_name = mara@corp.example
              src_endpoint_ip = 2001:db8::1
              status = Failure
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              service_name = login.googleapis.com
              metadata_event_code = login_failure
              is_mfa = false
              api_operation = google.login.LoginService.loginFailure
              api_service_name = login.googleapis.com
              unmapped = {"protoPayload":{"metadata":{"event":[{"eventName":"login_failure","parameter":[{"name":"is_second_factor","boolValue":false}]}]}}}
        "#]],
    );
}

#[test]
fn a_second_factor_taken_away_and_a_new_group_member_are_changes() {
    check(
        r#"{"timestamp":"2026-03-01T12:00:00Z","protoPayload":{"serviceName":"login.googleapis.com","methodName":"google.login.LoginService.2svDisable","authenticationInfo":{"principalEmail":"mara@corp.example"}}}
           {"timestamp":"2026-03-01T12:00:00Z","protoPayload":{"serviceName":"admin.googleapis.com","methodName":"google.admin.AdminService.addGroupMember","authenticationInfo":{"principalEmail":"boss@corp.example"},
            "metadata":{"event":[{"eventName":"ADD_GROUP_MEMBER","parameter":[{"name":"USER_EMAIL","value":"mara@corp.example"},{"name":"GROUP_EMAIL","value":"admins@corp.example"}]}]}}}"#,
        expect![[r#"
            account_change: MFA Factor Disable at 2026-03-01T12:00:00.000Z
              actor_user_type = User
              actor_user_type_id = 1
              actor_user_email_addr = mara@corp.example
              actor_user_name = mara@corp.example
              status = Success
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              api_operation = google.login.LoginService.2svDisable
              api_service_name = login.googleapis.com
            group_management: Add User at 2026-03-01T12:00:00.000Z
              actor_user_type = User
              actor_user_type_id = 1
              actor_user_email_addr = boss@corp.example
              actor_user_name = boss@corp.example
              status = Success
              metadata_event_code = ADD_GROUP_MEMBER
              user_email_addr = mara@corp.example
              user_name = mara@corp.example
              group_name = admins@corp.example
              api_operation = google.admin.AdminService.addGroupMember
              api_service_name = admin.googleapis.com
              unmapped = {"protoPayload":{"metadata":{"event":[{"eventName":"ADD_GROUP_MEMBER","parameter":[{"name":"USER_EMAIL","value":"mara@corp.example"},{"name":"GROUP_EMAIL","value":"admins@corp.example"}]}]}}}
        "#]],
    );
}

#[test]
fn a_log_entry_without_an_audit_log_is_an_event_all_the_same() {
    check(
        r#"{"timestamp":"2026-03-01T12:00:00Z","logName":"projects/pay/logs/events","jsonPayload":{"message":"Pulling image","reason":"Pulling"}}"#,
        expect![[r#"
            api_activity: Other at 2026-03-01T12:00:00.000Z
              cloud_project_uid = pay
              metadata_log_name = projects/pay/logs/events
              cloud_account_uid = pay
              message = Pulling image
              status = Unknown
              unmapped = {"jsonPayload":{"reason":"Pulling"}}
        "#]],
    );
}

#[test]
fn an_entry_without_a_time_is_a_reject_and_odd_values_stay() {
    check(
        r#"[{"protoPayload":{"methodName":"x"}},{"timestamp":"2026-03-01T12:00:00Z","protoPayload":"text","resource":[1],"severity":{},"logName":7}]"#,
        expect![[r#"
            api_activity: Other at 2026-03-01T12:00:00.000Z
              metadata_log_name = 7
              status = Unknown
              unmapped = {"protoPayload":"text","resource":[1]}
            reject: the field timestamp is missing
        "#]],
    );
}

#[test]
fn methods_are_told_by_their_verb_at_either_end() {
    for (method, activity) in [
        ("google.iam.admin.v1.SetIAMPolicy", "Update"),
        ("v1.compute.instances.delete", "Delete"),
        ("google.admin.AdminService.inboundSsoProfileDeleted", "Delete"),
        ("google.admin.AdminService.inboundSsoProfileCreated", "Create"),
        ("TagKeys.ListTagKeys", "Read"),
        ("SignJwt", "SignJwt"),
    ] {
        let input = format!(r#"{{"timestamp":"2026-03-01T12:00:00Z","protoPayload":{{"methodName":"{method}"}}}}"#);
        let shown = shown(Source::GcpAudit, input.as_bytes());
        assert!(shown.starts_with(&format!("api_activity: {activity} at")), "{method}: {shown}");
    }
}

#[test]
fn an_object_is_recognised_by_its_payload() {
    assert_eq!(detect(br#"{"protoPayload":{"methodName":"m","serviceName":"s"}}"#, "x"), Some(Source::GcpAudit));
    assert_eq!(detect(br#"[{"logName":"l","protopayload_auditlog":{"methodName":"m"}}]"#, "x"), Some(Source::GcpAudit));
    assert_eq!(detect(br#"{"logName":"l","textPayload":"m"}"#, "x"), None);
}

#[test]
fn an_odd_value_in_any_place_costs_no_more_than_its_record() {
    check_odd_values(
        Source::GcpAudit,
        r#"{"insertId":"i","logName":"projects/p/logs/l","timestamp":"2026-03-01T12:00:00Z","severity":"NOTICE","resource":{"type":"t","labels":{"project_id":"p","zone":"europe-west1-b"}},"protoPayload":{"serviceName":"admin.googleapis.com","methodName":"google.admin.AdminService.addGroupMember","resourceName":"a/b","authenticationInfo":{"principalEmail":"a@b.example"},"authorizationInfo":[{"granted":true}],"requestMetadata":{"callerIp":"203.0.113.9"},"status":{"code":7},"metadata":{"event":[{"eventName":"E","parameter":[{"name":"USER_EMAIL","value":"u"}]}]}}}"#,
    );
}

#[test]
fn a_warning_of_google_is_about_the_user_whom_it_names() {
    check(
        r#"{"timestamp":"2026-03-01T12:00:00Z","protoPayload":{"serviceName":"login.googleapis.com","methodName":"google.login.LoginService.suspiciousLogin","metadata":{"event":[{"eventName":"suspicious_login","parameter":[{"name":"affected_email_address","value":"ada@example.com"}]}]}}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Success
              user_email_addr = ada@example.com
              user_name = ada@example.com
              service_name = login.googleapis.com
              metadata_event_code = suspicious_login
              api_operation = google.login.LoginService.suspiciousLogin
              api_service_name = login.googleapis.com
              unmapped = {"protoPayload":{"metadata":{"event":[{"eventName":"suspicious_login","parameter":[{"name":"affected_email_address","value":"ada@example.com"}]}]}}}
        "#]],
    );
}

#[test]
fn an_entry_that_a_lake_spells_in_small_letters_is_read() {
    check(
        r#"{"insertid":"i1","logname":"projects/p1/logs/cloudaudit.googleapis.com%2Factivity","p_event_time":"2026-03-01 12:00:00.5","protopayload":{"methodName":"storage.buckets.create","serviceName":"storage.googleapis.com"}}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.500Z
              metadata_uid = i1
              cloud_project_uid = p1
              metadata_log_name = projects/p1/logs/cloudaudit.googleapis.com%2Factivity
              cloud_account_uid = p1
              status = Success
              api_operation = storage.buckets.create
              api_service_name = storage.googleapis.com
        "#]],
    );
}
