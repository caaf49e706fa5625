//! Records of GitHub's audit log.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("github_audit").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_repository_is_a_resource_and_the_token_a_credential() {
    check(
        r#"{"@timestamp":1772366400123,"_document_id":"d1","action":"git.clone","actor":"mara","actor_id":7,"actor_ip":"203.0.113.9","actor_is_bot":false,"actor_location":{"country_code":"DE"},"business":"acme","hashed_token":"aGk=","org":"acme-inc","org_id":12,"programmatic_access_type":"OAuth access token","repo":"acme-inc/shop","repo_id":99,"transport_protocol_name":"http","user":"","user_agent":"git/2.44"}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.123Z
              status = Success
              api_operation = git.clone
              api_service_name = GitHub
              resources_name = acme-inc/shop
              resources_uid = 99
              resources_type = Repository
              resources_namespace = acme-inc
              metadata_uid = d1
              metadata_event_code = git.clone
              actor_user_name = mara
              actor_user_uid = 7
              actor_user_type = User
              actor_user_type_id = 1
              actor_user_credential_uid = aGk=
              actor_user_account_name = acme-inc
              actor_user_account_uid = 12
              actor_user_org_name = acme
              actor_app_name = OAuth access token
              src_endpoint_ip = 203.0.113.9
              src_endpoint_location_country = DE
              http_request_user_agent = git/2.44
              unmapped = {"transport_protocol_name":"http"}
        "#]],
    );
}

#[test]
fn a_new_member_of_a_team_is_not_who_added_him() {
    check(
        r#"{"@timestamp":1772366400000,"_document_id":"d2","action":"team.add_member","actor":"mara","actor_id":7,"external_identity_nameid":"mara@acme.example","org":"acme","team":"acme/ops","user":"eve","user_id":8}"#,
        expect![[r#"
            group_management: Add User at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_uid = d2
              metadata_event_code = team.add_member
              actor_user_name = mara
              actor_user_uid = 7
              actor_user_email_addr = mara@acme.example
              actor_user_account_name = acme
              user_name = eve
              user_uid = 8
              group_name = acme/ops
        "#]],
    );
}

#[test]
fn times_of_exports_are_texts_and_what_failed_says_so_in_its_name() {
    check(
        r#"{"action":"user.failed_login","actor":"mara","at_sign_timestamp":"2026-03-01 12:00:00.5","created_at":"2026-03-01 12:00:00.5","org":"acme"}
{"action":"workflows.completed_workflow_run","actor":"bot","actor_is_bot":true,"created_at":1772366400000.0,"org":"acme","repo":"acme/x","conclusion":"failure"}
{"action":"repo.destroy","actor":"mara","org":"acme"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.500Z
              status = Failure
              is_remote = true
              service_name = GitHub
              metadata_event_code = user.failed_login
              metadata_logged_time = 1772366400500
              actor_user_name = mara
              actor_user_account_name = acme
              user_name = mara
            api_activity: workflows.completed_workflow_run at 2026-03-01T12:00:00.000Z
              status = Failure
              api_operation = workflows.completed_workflow_run
              api_service_name = GitHub
              resources_name = acme/x
              resources_type = Repository
              resources_namespace = acme
              metadata_event_code = workflows.completed_workflow_run
              metadata_logged_time = 1772366400000
              actor_user_name = bot
              actor_user_type = Bot
              actor_user_type_id = 4
              actor_user_account_name = acme
            reject: the field @timestamp is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"@timestamp":1772366400123,"_document_id":"d1","action":"git.clone","actor":"mara","actor_id":7,"actor_ip":"203.0.113.9","actor_is_bot":false,"actor_location":{"country_code":"DE"},"business":"acme","hashed_token":"aGk=","org":"acme-inc","org_id":12,"programmatic_access_type":"OAuth access token","repo":"acme-inc/shop","repo_id":99,"transport_protocol_name":"http","user":"","user_agent":"git/2.44"}"#,
    );
}
