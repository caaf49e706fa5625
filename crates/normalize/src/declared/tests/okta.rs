//! Records of the System Log of Okta.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("okta").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_sign_in_with_a_second_factor_names_the_user_twice_and_where_he_came_from() {
    check(
        r#"{"actor":{"id":"00u1","type":"User","alternateId":"mara@corp.example","displayName":"Mara Lind"},"client":{"userAgent":{"rawUserAgent":"Mozilla/5.0","os":"Mac OS X","browser":"CHROME"},"zone":"null","device":"Computer","id":null,"ipAddress":"203.0.113.9","geographicalContext":{"city":"Bonn","state":"NRW","country":"Germany","geolocation":{"lat":50.7,"lon":7.1}}},"authenticationContext":{"externalSessionId":"s1","rootSessionId":"r1"},"displayMessage":"Authentication of user via MFA","eventType":"user.authentication.auth_via_mfa","outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"},"published":"2026-03-01T12:00:00.353Z","securityContext":{"asNumber":64496,"asOrg":"Example","isp":"example isp","domain":"isp.example","isProxy":false},"severity":"INFO","debugContext":{"debugData":{"requestId":"q1","factor":"OKTA_VERIFY_PUSH"}},"transaction":{"type":"WEB","id":"t1"},"uuid":"u1","version":"0","target":[{"id":"0oa1","type":"AppInstance","alternateId":"Okta Dashboard","displayName":"Okta Dashboard"}],"request":{"ipChain":[{"ip":"203.0.113.9","version":"V4"},{"ip":"198.51.100.7","version":"V4"}]}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.353Z
              status = Failure
              service_name = Okta Dashboard
              service_uid = 0oa1
              is_remote = true
              is_mfa = true
              metadata_product_version = 0
              metadata_uid = u1
              metadata_event_code = user.authentication.auth_via_mfa
              metadata_correlation_uid = t1
              metadata_log_level = INFO
              message = Authentication of user via MFA
              status_code = FAILURE
              status_detail = INVALID_CREDENTIALS
              actor_user_uid = 00u1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_full_name = Mara Lind
              actor_user_domain = corp.example
              actor_user_type = User
              actor_user_type_id = 1
              actor_session_uid = s1
              actor_session_uid_alt = r1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_intermediate_ips = 203.0.113.9 | 198.51.100.7
              src_endpoint_type = Desktop
              src_endpoint_os_name = Mac OS X
              src_endpoint_domain = isp.example
              src_endpoint_location_city = Bonn
              src_endpoint_location_country = Germany
              src_endpoint_location_lat = 50.7
              src_endpoint_location_long = 7.1
              src_endpoint_location_isp = example isp
              src_endpoint_autonomous_system_number = 64496
              src_endpoint_autonomous_system_name = Example
              http_request_user_agent = Mozilla/5.0
              http_request_uid = q1
              user_uid = 00u1
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              user_full_name = Mara Lind
              user_type = User
              user_type_id = 1
              unmapped = {"client":{"userAgent":{"browser":"CHROME"},"zone":"null","geographicalContext":{"state":"NRW"}},"securityContext":{"isProxy":false},"debugContext":{"debugData":{"factor":"OKTA_VERIFY_PUSH"}},"transaction":{"type":"WEB"},"target":[{"alternateId":"Okta Dashboard"}],"request":{"ipChain":[{"version":"V4"},{"version":"V4"}]}}
        "#]],
    );
}

#[test]
fn a_member_of_a_group_is_found_among_the_targets_in_any_order() {
    check(
        r#"{"actor":{"id":"c1","type":"PublicClientApp","alternateId":"unknown","displayName":"Updater"},"eventType":"group.user_membership.add","outcome":{"result":"SUCCESS"},"published":"2026-03-01T12:00:00Z","severity":"INFO","uuid":"u2","target":[{"id":"00u2","type":"User","alternateId":"eve@corp.example","displayName":"Eve"},{"id":"00g1","type":"UserGroup","alternateId":"unknown","displayName":"Admins"}]}"#,
        expect![[r#"
            group_management: Add User at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_uid = u2
              metadata_event_code = group.user_membership.add
              metadata_log_level = INFO
              status_code = SUCCESS
              actor_user_uid = c1
              actor_user_full_name = Updater
              actor_user_type = PublicClientApp
              actor_user_type_id = 4
              user_uid = 00u2
              user_name = eve@corp.example
              user_email_addr = eve@corp.example
              user_full_name = Eve
              user_type = User
              user_type_id = 1
              group_uid = 00g1
              group_name = Admins
              group_type = UserGroup
              unmapped = {"actor":{"alternateId":"unknown"},"target":[{"alternateId":"unknown"}]}
        "#]],
    );
}

#[test]
fn a_call_of_the_api_lists_what_it_touched_and_eventbridge_wraps_it() {
    check(
        r#"{"source":"aws.partner/okta.com/x","detail":{"actor":{"id":"00u1","type":"User","alternateId":"mara@corp.example"},"eventType":"system.api_token.create","outcome":{"result":"SUCCESS"},"published":"2026-03-01T12:00:00Z","severity":"WARN","uuid":"u3","target":[{"id":"00T1","type":"Token","displayName":"ci"}]}}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.000Z
              severity = Low
              status = Success
              api_operation = system.api_token.create
              resources_uid = 00T1
              resources_name = ci
              resources_type = Token
              metadata_uid = u3
              metadata_event_code = system.api_token.create
              metadata_log_level = WARN
              status_code = SUCCESS
              actor_user_uid = 00u1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_type = User
              actor_user_type_id = 1
              unmapped = {"source":"aws.partner/okta.com/x"}
        "#]],
    );
}

#[test]
fn a_threat_is_a_finding_with_the_address_as_evidence() {
    check(
        r#"{"actor":{"id":"203.0.113.9","type":"IP address","alternateId":"unknown","displayName":"203.0.113.9"},"client":{"ipAddress":"203.0.113.9"},"displayMessage":"Request from suspicious actor","eventType":"security.threat.detected","outcome":{"result":"DENY","reason":"Login Failures"},"published":"2026-03-01T12:00:00Z","severity":"WARN","uuid":"u4","debugContext":{"debugData":{"requestUri":"/login","threatDetections":"{\"Login Failures\":\"HIGH\"}"}}}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Low
              status = New
              finding_info_uid = u4
              finding_info_title = Login Failures
              finding_info_desc = Request from suspicious actor
              finding_info_types = security.threat.detected
              is_alert = true
              action = Denied
              action_id = 2
              disposition = Blocked
              disposition_id = 2
              resources_name = /login
              evidences_src_endpoint_ip = 203.0.113.9
              risk_details = {"Login Failures":"HIGH"}
              metadata_uid = u4
              metadata_event_code = security.threat.detected
              metadata_log_level = WARN
              message = Request from suspicious actor
              status_code = DENY
              status_detail = Login Failures
              unmapped = {"actor":{"id":"203.0.113.9","type":"IP address","alternateId":"unknown","displayName":"203.0.113.9"}}
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"actor":{"id":"00u1","type":"User","alternateId":"mara@corp.example","displayName":"Mara Lind"},"client":{"userAgent":{"rawUserAgent":"Mozilla/5.0","os":"Mac OS X","browser":"CHROME"},"zone":"null","device":"Computer","id":null,"ipAddress":"203.0.113.9","geographicalContext":{"city":"Bonn","state":"NRW","country":"Germany","geolocation":{"lat":50.7,"lon":7.1}}},"authenticationContext":{"externalSessionId":"s1","rootSessionId":"r1"},"displayMessage":"Authentication of user via MFA","eventType":"user.authentication.auth_via_mfa","outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"},"published":"2026-03-01T12:00:00.353Z","securityContext":{"asNumber":64496,"asOrg":"Example","isp":"example isp","domain":"isp.example","isProxy":false},"severity":"INFO","debugContext":{"debugData":{"requestId":"q1","factor":"OKTA_VERIFY_PUSH"}},"transaction":{"type":"WEB","id":"t1"},"uuid":"u1","version":"0","target":[{"id":"0oa1","type":"AppInstance","alternateId":"Okta Dashboard","displayName":"Okta Dashboard"}],"request":{"ipChain":[{"ip":"203.0.113.9","version":"V4"},{"ip":"198.51.100.7","version":"V4"}]}}"#,
    );
}
