//! Records of the Audit Logs API of Slack.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("slack").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_scope_that_grew_is_a_change_of_the_workspace() {
    check(
        r#"{"entries":[{"id":"e1","date_create":1772366400,"action":"app_scopes_expanded","actor":{"type":"user","user":{"id":"W1","name":"Mara","email":"mara@corp.example","team":"T1"}},"entity":{"type":"workspace","workspace":{"id":"T1","name":"corp","domain":"corp"}},"context":{"location":{"type":"workspace","id":"T1","name":"corp"},"ua":"Mozilla/5.0","ip_address":"203.0.113.9","session_id":5},"details":{"new_scopes":["chat:write"]}}]}"#,
        expect![[r#"
            api_activity: Update at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = app_scopes_expanded
              api_service_name = Slack
              resources_uid = T1
              resources_name = corp
              resources_type = workspace
              metadata_uid = e1
              metadata_event_code = app_scopes_expanded
              metadata_tenant_uid = T1
              actor_user_uid = W1
              actor_user_name = Mara
              actor_user_email_addr = mara@corp.example
              actor_user_type = user
              actor_user_type_id = 1
              actor_user_org_name = corp
              actor_session_uid = 5
              src_endpoint_ip = 203.0.113.9
              http_request_user_agent = Mozilla/5.0
              unmapped = {"actor":{"user":{"team":"T1"}},"entity":{"workspace":{"domain":"corp"}},"context":{"location":{"type":"workspace"}},"details":{"new_scopes":["chat:write"]}}
        "#]],
    );
}

#[test]
fn a_role_is_given_to_the_user_of_the_entity_and_a_sign_out_is_the_actors() {
    check(
        r#"{"id":"e2","date_create":"2026-03-01 12:00:00","action":"role_change_to_admin","actor":{"type":"user","user":{"id":"W1","name":"Mara"}},"entity":{"type":"user","user":{"id":"W2","name":"Eve","email":"eve@corp.example"}},"context":{"ip_address":"203.0.113.9"}}
{"id":"e3","date_create":1772366400,"action":"user_logout","actor":{"type":"user","user":{"id":"W1","name":"Mara","email":"mara@corp.example"}},"entity":{"type":"workspace","workspace":{"id":"T1"}},"context":{"ip_address":"203.0.113.9"}}
{"id":"e4","date_create":1772366400,"action":"anomaly","actor":{"type":"user","user":{"id":"W1","name":"Mara"}},"entity":{"type":"user"},"context":{"ip_address":"203.0.113.9"},"details":{"reason":["asn","ip_address"]}}
{"id":"e5","action":"user_logout","actor":{"type":"user"},"entity":{"type":"user"},"context":{}}"#,
        expect![[r#"
            user_access: Assign Privileges at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_uid = e2
              metadata_event_code = role_change_to_admin
              actor_user_uid = W1
              actor_user_name = Mara
              actor_user_type = user
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              user_uid = W2
              user_name = Eve
              user_email_addr = eve@corp.example
              privileges = role_change_to_admin
              unmapped = {"entity":{"type":"user"}}
            authentication: Logoff at 2026-03-01T12:00:00.000Z
              status = Success
              is_remote = true
              service_name = Slack
              metadata_uid = e3
              metadata_event_code = user_logout
              actor_user_uid = W1
              actor_user_name = Mara
              actor_user_email_addr = mara@corp.example
              actor_user_type = user
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              user_uid = W1
              user_name = Mara
              user_email_addr = mara@corp.example
              unmapped = {"entity":{"type":"workspace","workspace":{"id":"T1"}}}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Medium
              status = New
              is_alert = true
              finding_info_uid = e4
              finding_info_title = anomaly
              finding_info_types = asn | ip_address
              evidences_actor_user_name = Mara
              evidences_actor_user_uid = W1
              evidences_src_endpoint_ip = 203.0.113.9
              metadata_uid = e4
              metadata_event_code = anomaly
              unmapped = {"actor":{"type":"user"},"entity":{"type":"user"}}
            reject: the field date_create is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"id":"e1","date_create":1772366400,"action":"role_change_to_admin","actor":{"type":"user","user":{"id":"W1","name":"Mara"}},"entity":{"type":"user","user":{"id":"W2","email":"eve@corp.example"}},"context":{"ip_address":"203.0.113.9","location":{"id":"T1"}},"details":{"new_role":"admin"}}"#,
    );
}
