mod directory;

use expect_test::{Expect, expect};

use crate::sources::testing::shown;
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AzureEntra, input.as_bytes()));
}

/// The values of some columns of the only event.
fn check_columns(input: &str, columns: &[&str], expected: Expect) {
    let all = shown(Source::AzureEntra, input.as_bytes());
    let is_wanted = |line: &&str| columns.iter().any(|column| line.trim_start().split(" = ").next() == Some(column));
    expected.assert_eq(&all.lines().filter(is_wanted).map(|line| format!("{}\n", line.trim_start())).collect::<String>());
}

#[test]
fn a_sign_in_of_a_diagnostic_log_happened_when_it_was_created_and_not_when_it_was_logged() {
    check(
        r#"{"records":[{"time":"2026-03-01T08:02:00.1234567Z","resourceId":"/tenants/t-1/providers/Microsoft.aadiam","operationName":"Sign-in activity","operationVersion":"1.0",
            "category":"SignInLogs","tenantId":"t-1","resultType":"0","resultSignature":"None","durationMs":0,"callerIpAddress":"203.0.113.9","correlationId":"c-1","identity":"Mara Stein",
            "Level":4,"location":"DE","properties":{"id":"s-1","createdDateTime":"2026-03-01T08:00:00.5000000+00:00","userDisplayName":"Mara Stein","userPrincipalName":"mara@corp.example",
            "userId":"u-1","appId":"a-1","appDisplayName":"Azure Portal","ipAddress":"203.0.113.9","status":{"errorCode":0,"additionalDetails":"MFA completed in Azure AD"},
            "clientAppUsed":"Browser","userAgent":"Mozilla/5.0","deviceDetail":{"deviceId":"d-1","displayName":"PC-7","operatingSystem":"Windows10","browser":"Edge 120","isCompliant":true,
            "isManaged":false,"trustType":"Azure AD joined"},"location":{"city":"Berlin","state":"Land Berlin","countryOrRegion":"DE","geoCoordinates":{"latitude":52.5,"longitude":13.4}},
            "mfaDetail":{"authMethod":"Mobile app notification","authDetail":"+XX 7"},"correlationId":"c-1","conditionalAccessStatus":"success","appliedConditionalAccessPolicies":[
            {"id":"p-1","displayName":"Block old clients","result":"notApplied"},{"id":"p-2","displayName":"MFA for all","result":"success"}],"isInteractive":true,"tokenIssuerType":"AzureAD",
            "authenticationDetails":[{"authenticationMethod":"Password","succeeded":true,"authenticationStepRequirement":"Primary authentication"},
            {"authenticationMethod":"Mobile app notification","succeeded":true,"authenticationStepRequirement":"Multi-factor authentication"}],"authenticationRequirement":"multiFactorAuthentication",
            "riskDetail":"none","riskLevelDuringSignIn":"medium","riskState":"none","resourceDisplayName":"Azure Service Management","resourceId":"r-1","homeTenantId":"t-1","userType":"Member",
            "autonomousSystemNumber":3320,"uniqueTokenIdentifier":"tok-1","sessionId":"ses-1","authenticationProtocol":"none"}}]}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T08:00:00.500Z
              severity = Medium
              metadata_logged_time = 1772352120123
              metadata_log_name = SignInLogs
              metadata_event_code = Sign-in activity
              metadata_uid = s-1
              metadata_log_level = Informational
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              cloud_account_uid = t-1
              metadata_correlation_uid = c-1
              user_name = mara
              user_domain = corp.example
              user_email_addr = mara@corp.example
              user_full_name = Mara Stein
              user_uid = u-1
              user_type = Member
              user_type_id = 1
              actor_user_name = mara
              actor_user_domain = corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_full_name = Mara Stein
              actor_user_uid = u-1
              actor_user_type = Member
              actor_user_type_id = 1
              user_account_uid = t-1
              is_remote = true
              logon_type_id = 99
              logon_type = interactiveUser
              actor_app_name = Browser
              http_request_user_agent = Mozilla/5.0
              dst_endpoint_svc_name = Azure Service Management
              dst_endpoint_uid = r-1
              service_name = Azure Portal
              service_uid = a-1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_location_country = DE
              src_endpoint_location_city = Berlin
              src_endpoint_location_region = Land Berlin
              src_endpoint_location_lat = 52.5
              src_endpoint_location_long = 13.4
              src_endpoint_autonomous_system_number = 3320
              device_uid = d-1
              device_name = PC-7
              device_os_type_id = 100
              device_os_name = Windows10
              device_is_managed = false
              device_is_compliant = true
              status = Success
              status_code = 0
              status_detail = MFA completed in Azure AD
              is_mfa = true
              auth_factors = [{"factor_type":"Password","factor_type_id":11},{"factor_type":"Mobile app notification","factor_type_id":5}]
              action_id = 1
              action = Allowed
              disposition_id = 1
              disposition = Allowed
              policy_name = MFA for all
              policy_uid = p-2
              risk_level_id = 2
              risk_level = Medium
              session_uid = ses-1
              session_uid_alt = tok-1
              session_issuer = AzureAD
              unmapped = {"operationVersion":"1.0","resultSignature":"None","durationMs":0,"properties":{"deviceDetail":{"browser":"Edge 120","trustType":"Azure AD joined"},"mfaDetail":{"authDetail":"+XX 7"},"appliedConditionalAccessPolicies":[{"id":"p-1","displayName":"Block old clients","result":"notApplied"},{"id":"p-2","displayName":"MFA for all","result":"success"}],"authenticationDetails":[{"authenticationMethod":"Password","succeeded":true,"authenticationStepRequirement":"Primary authentication"},{"authenticationMethod":"Mobile app notification","succeeded":true,"authenticationStepRequirement":"Multi-factor authentication"}],"authenticationRequirement":"multiFactorAuthentication","riskDetail":"none","riskState":"none","authenticationProtocol":"none"}}
        "#]],
    );
}

#[test]
fn a_sign_in_of_microsoft_graph_has_the_same_columns() {
    check(
        r#"{"value":[{"id":"s-2","createdDateTime":"2026-03-01T08:00:00Z","userDisplayName":"Ben","userPrincipalName":"ben@corp.example","userId":"u-2","appId":"a-2","appDisplayName":"Graph Explorer",
            "ipAddress":"2001:db8::7","clientAppUsed":"Browser","correlationId":"c-2","conditionalAccessStatus":"notApplied","isInteractive":true,"riskLevelDuringSignIn":"hidden",
            "resourceDisplayName":"Microsoft Graph","resourceId":"r-2","status":{"errorCode":50126,"failureReason":"Invalid username or password.","additionalDetails":null},
            "deviceDetail":{"deviceId":"","operatingSystem":"MacOs","isCompliant":null,"isManaged":null},"location":{"city":null,"state":null,"countryOrRegion":"FR","geoCoordinates":{}}}]}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T08:00:00.000Z
              severity = Low
              metadata_product_feature_name = Microsoft Graph
              metadata_uid = s-2
              metadata_correlation_uid = c-2
              metadata_log_name = auditLogs/signIns
              user_name = ben
              user_domain = corp.example
              user_email_addr = ben@corp.example
              user_full_name = Ben
              user_uid = u-2
              user_type_id = 1
              actor_user_name = ben
              actor_user_domain = corp.example
              actor_user_email_addr = ben@corp.example
              actor_user_full_name = Ben
              actor_user_uid = u-2
              actor_user_type_id = 1
              is_remote = true
              logon_type_id = 99
              logon_type = interactiveUser
              actor_app_name = Browser
              dst_endpoint_svc_name = Microsoft Graph
              dst_endpoint_uid = r-2
              service_name = Graph Explorer
              service_uid = a-2
              src_endpoint_ip = 2001:db8::7
              src_endpoint_location_country = FR
              device_os_type_id = 300
              device_os_name = MacOs
              status = Failure
              status_code = 50126
              status_detail = Invalid username or password.
              action_id = 3
              action = Observed
              disposition_id = 16
              disposition = No Action
              unmapped = {"riskLevelDuringSignIn":"hidden"}
        "#]],
    );
}

#[test]
fn a_service_principal_signs_in_to_the_resource_and_has_no_second_factor_to_speak_of() {
    check(
        r#"{"time":"2026-03-01 08:00:05.000","category":"ServicePrincipalSignInLogs","operationname":"Sign-in activity","resulttype":7000215,"calleripaddress":"198.51.100.4","tenantid":"t-1",
            "correlationid":"c-3","location":"NL","properties":{"id":"s-3","createdDateTime":"2026-03-01 08:00:00.123456700","appId":"a-3","servicePrincipalId":"sp-3","servicePrincipalName":"deploy",
            "servicePrincipalCredentialKeyId":"k-3","ipAddress":"198.51.100.4","status":{"errorCode":7000215},"resourceDisplayName":"Azure Storage","resourceId":"r-3"}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T08:00:00.123Z
              severity = Low
              metadata_logged_time = 1772352005000
              metadata_log_name = ServicePrincipalSignInLogs
              metadata_event_code = Sign-in activity
              metadata_uid = s-3
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              cloud_account_uid = t-1
              metadata_correlation_uid = c-3
              user_name = deploy
              user_uid = sp-3
              user_type = Service
              user_type_id = 4
              actor_user_name = deploy
              actor_user_uid = sp-3
              actor_user_type = Service
              actor_user_type_id = 4
              user_credential_uid = k-3
              is_remote = true
              logon_type_id = 99
              logon_type = servicePrincipal
              dst_endpoint_svc_name = Azure Storage
              dst_endpoint_uid = r-3
              actor_app_uid = a-3
              service_name = Azure Storage
              service_uid = r-3
              src_endpoint_ip = 198.51.100.4
              src_endpoint_location_country = NL
              status = Failure
              status_code = 7000215
              status_detail = the client secret is invalid
        "#]],
    );
}

#[test]
fn the_other_kinds_of_sign_ins_are_told_by_their_category() {
    for (category, logon_type) in [
        ("ManagedIdentitySignInLogs", "managedIdentity"),
        ("MicrosoftServicePrincipalSignInLogs", "servicePrincipal"),
        ("NonInteractiveUserSignInLogs", "nonInteractiveUser"),
    ] {
        let record = format!(
            r#"{{"time":"2026-03-01T08:00:00Z","category":"{category}","properties":{{"servicePrincipalName":"m","servicePrincipalId":"sp"}}}}"#
        );
        let shown = shown(Source::AzureEntra, record.as_bytes());
        assert!(shown.contains(&format!("logon_type = {logon_type}\n")), "{category}: {shown}");
        assert!(shown.starts_with("authentication: Logon at 2026-03-01T08:00:00.000Z"), "{category}: {shown}");
    }
}

/// `is_mfa` of a sign-in with these members.
fn is_mfa(members: &str) -> Option<bool> {
    let record = format!(r#"{{"createdDateTime":"2026-03-01T08:00:00Z","appId":"a","userPrincipalName":"m@c.example",{members}}}"#);
    let shown = shown(Source::AzureEntra, record.as_bytes());
    assert!(shown.starts_with("authentication"), "{shown}");
    shown.lines().find_map(|line| line.trim().strip_prefix("is_mfa = ")).map(|flag| flag == "true")
}

#[test]
fn a_second_factor_is_true_when_satisfied_false_with_one_factor_and_null_when_unknown() {
    let single = r#""authenticationRequirement":"singleFactorAuthentication""#;
    let multi = r#""authenticationRequirement":"multiFactorAuthentication""#;
    let denied = r#""authenticationDetails":[{"authenticationMethod":"Mobile app notification","succeeded":false,"authenticationStepRequirement":"Multi-factor authentication"}]"#;
    let claim = r#""authenticationDetails":[{"authenticationMethod":"Previously satisfied","succeeded":true,"authenticationStepResultDetail":"MFA requirement satisfied by claim in the token","authenticationStepRequirement":"Primary authentication"}]"#;
    let first = r#""authenticationDetails":[{"authenticationMethod":"Previously satisfied","succeeded":true,"authenticationStepResultDetail":"First factor requirement satisfied by claim in the token","authenticationStepRequirement":"Primary authentication"}]"#;
    let success = r#""status":{"errorCode":0}"#;
    assert_eq!(is_mfa(&format!("{multi},{success}")), Some(true));
    assert_eq!(is_mfa(&format!("{multi},{claim}")), Some(true));
    assert_eq!(
        is_mfa(&format!(r#"{single},"status":{{"errorCode":0,"additionalDetails":"MFA requirement satisfied by claim in the token"}}"#)),
        Some(true)
    );
    assert_eq!(is_mfa(&format!("{single},{success}")), Some(false));
    assert_eq!(is_mfa(&format!("{single},{first},{success}")), Some(false));
    assert_eq!(is_mfa(&format!(r#"{multi},{denied},"status":{{"errorCode":500121}}"#)), Some(false));
    assert_eq!(is_mfa(&format!(r#"{multi},{claim},"status":{{"errorCode":50074}}"#)), Some(false));
    assert_eq!(is_mfa(&format!(r#"{multi},"status":{{"errorCode":50126}}"#)), None);
    assert_eq!(is_mfa(success), None);
}

#[test]
fn a_denied_push_is_a_failure_with_its_reason_and_details() {
    check_columns(
        r#"{"time":"2026-03-01T08:00:00Z","category":"SignInLogs","resultType":"500121","resultDescription":"Authentication failed during strong authentication request.",
            "properties":{"userPrincipalName":"mara@corp.example","conditionalAccessStatus":"failure","appliedConditionalAccessPolicies":[{"id":"p","displayName":"MFA for all","result":"failure"}],
            "status":{"errorCode":500121,"additionalDetails":"MFA denied; user declined the authentication"}}}"#,
        &["status", "status_code", "status_detail", "severity", "action", "disposition", "policy_name"],
        expect![[r#"
            severity = Low
            status = Failure
            status_code = 500121
            status_detail = Authentication failed during strong authentication request.; MFA denied; user declined the authentication
            action = Denied
            disposition = Blocked
            policy_name = MFA for all
        "#]],
    );
}

#[test]
fn a_code_without_words_is_explained_and_a_client_of_old_protocols_sends_a_password() {
    check_columns(
        r#"{"createdDateTime":"2026-03-01T08:00:00Z","appId":"a","userPrincipalName":"m@c.example","clientAppUsed":"IMAP4","status":{"errorCode":53003,"failureReason":"Other."}}"#,
        &["status", "status_code", "status_detail", "actor_app_name", "auth_protocol", "auth_protocol_id"],
        expect![[r#"
            actor_app_name = IMAP4
            auth_protocol_id = 11
            auth_protocol = Basic Authentication
            status = Failure
            status_code = 53003
            status_detail = blocked by Conditional Access
        "#]],
    );
}

#[test]
fn properties_written_as_text_are_read_and_their_rest_is_kept() {
    check(
        r#"{"time":"2026-03-01T08:00:00Z","category":"SignInLogs","properties":"{\"id\":\"s\",\"userPrincipalName\":\"m@c.example\",\"status\":{\"errorCode\":0},\"flaggedForReview\":true}"}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T08:00:00.000Z
              metadata_log_name = SignInLogs
              metadata_uid = s
              user_name = m
              user_domain = c.example
              user_email_addr = m@c.example
              user_type_id = 1
              actor_user_name = m
              actor_user_domain = c.example
              actor_user_email_addr = m@c.example
              actor_user_type_id = 1
              is_remote = true
              logon_type_id = 99
              logon_type = interactiveUser
              status = Success
              status_code = 0
              unmapped = {"properties":{"flaggedForReview":true}}
        "#]],
    );
}

#[test]
fn odd_records_are_events_as_long_as_they_have_a_time() {
    check(
        concat!(
            r#"{"time":"2026-03-01T08:00:00Z","category":"B2CRequestLogs","operationName":"Something new","properties":{"a":1}}"#,
            "\n",
            r#"{"time":"2026-03-01T08:00:00Z","category":"SignInLogs","properties":{"status":"odd","location":7,"deviceDetail":[],"authenticationDetails":"x","autonomousSystemNumber":99999999999999999999,"userId":{"a":1}}}"#,
            "\n",
            r#"{"time":"yesterday","category":"SignInLogs","properties":{"createdDateTime":"soon"}}"#,
            "\n",
            r#"{"category":"SignInLogs","properties":{}}"#,
            "\n",
            r#"{"time":"2026-03-01T08:00:00Z","category":"SignInLogs","properties":"{broken"}"#,
            "\n[7]\n",
        ),
        expect![[r#"
            api_activity: Something new at 2026-03-01T08:00:00.000Z
              api_operation = Something new
              metadata_log_name = B2CRequestLogs
              metadata_event_code = Something new
              unmapped = {"properties":{"a":1}}
            authentication: Logon at 2026-03-01T08:00:00.000Z
              metadata_log_name = SignInLogs
              user_type_id = 1
              actor_user_type_id = 1
              is_remote = true
              logon_type_id = 99
              logon_type = interactiveUser
              src_endpoint_autonomous_system_number = 9223372036854775807
              status = Unknown
              unmapped = {"properties":{"status":"odd","location":7,"authenticationDetails":"x","userId":{"a":1}}}
            authentication: Logon at 2026-03-01T08:00:00.000Z
              metadata_log_name = SignInLogs
              user_type_id = 1
              actor_user_type_id = 1
              is_remote = true
              logon_type_id = 99
              logon_type = interactiveUser
              status = Unknown
              unmapped = {"properties":"{broken"}
            reject: the field createdDateTime is "soon", not a time
            reject: the field createdDateTime is missing
            reject: not a record of Entra: not an object
        "#]],
    );
}

#[test]
fn entra_is_recognised_in_both_forms() {
    for record in [
        r#"{"records":[{"category":"SignInLogs","time":"t","properties":{}}]}"#,
        r#"{"resourceId":"/tenants/t/providers/Microsoft.aadiam","category":"Policy","properties":{}}"#,
        r#"{"resourceid":"/tenants/t/providers/Microsoft.aadiam","category":"Policy","properties":{}}"#,
        r#"{"value":[{"createdDateTime":"t","userPrincipalName":"m","ipAddress":"1.2.3.4"}]}"#,
        r#"{"activityDateTime":"t","activityDisplayName":"Add user"}"#,
        r#"{"detectedDateTime":"t","riskEventType":"x"}"#,
    ] {
        assert_eq!(detect(record.as_bytes(), "x.json"), Some(Source::AzureEntra), "{record}");
    }
    assert_eq!(
        detect(br#"{"category":"Administrative","properties":{},"resourceId":"/subscriptions/s"}"#, "x.json")
            .filter(|s| *s == Source::AzureEntra),
        None
    );
}
