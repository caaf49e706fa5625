//! Audit events of Azure Key Vault.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn keyvault() -> Source {
    "azure_keyvault".parse().expect("a source that Coldtrail brings")
}

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(keyvault(), input.as_bytes()));
}

const REFUSED: &str = r#"{"records":[{
    "time":"2026-03-01T12:00:00.1234567Z","category":"AuditEvent","operationName":"SecretGet","operationVersion":"7.4",
    "resultType":"Success","resultSignature":"Forbidden","resultDescription":"no secrets get permission","durationMs":"12",
    "callerIpAddress":"198.51.100.7","correlationId":"c-1",
    "resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/PAY/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/PAYVAULT",
    "identity":{"claim":{"oid":"o-1","appid":"a-1","upn":"mara@corp.example","uti":"t-1"}},
    "properties":{"id":"https://payvault.vault.azure.net/secrets/card-key/v1","clientInfo":"curl/8.5","httpStatusCode":403,
        "requestUri":"https://payvault.vault.azure.net/secrets/card-key/v1?api-version=7.4","isAccessPolicyMatch":false,"tlsVersion":"TLS1_3"}}]}"#;

#[test]
fn a_secret_that_was_refused_names_secret_vault_and_who_asked() {
    check(
        REFUSED,
        expect![[r#"
        api_activity: Read at 2026-03-01T12:00:00.123Z
          status = Failure
          metadata_event_code = SecretGet
          metadata_log_name = AuditEvent
          metadata_correlation_uid = c-1
          cloud_account_uid = SUB-1
          duration = 12
          message = no secrets get permission
          status_code = 403
          status_detail = no secrets get permission
          actor_user_name = mara
          actor_user_domain = corp.example
          actor_user_email_addr = mara@corp.example
          actor_user_uid = o-1
          actor_user_type_id = 1
          actor_app_uid = a-1
          actor_session_uid = t-1
          actor_authorizations_decision = deny
          src_endpoint_ip = 198.51.100.7
          dst_endpoint_hostname = payvault.vault.azure.net
          dst_endpoint_name = PAYVAULT
          dst_endpoint_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/PAY/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/PAYVAULT
          api_operation = SecretGet
          api_service_name = Microsoft.KeyVault
          api_version = 7.4
          api_response_code = 403
          api_response_message = Forbidden
          api_response_error = Forbidden
          api_response_error_message = no secrets get permission
          http_request_user_agent = curl/8.5
          http_request_url_url_string = https://payvault.vault.azure.net/secrets/card-key/v1?api-version=7.4
          http_request_url_scheme = https
          http_request_url_hostname = payvault.vault.azure.net
          http_request_url_path = /secrets/card-key/v1
          http_request_url_query_string = api-version=7.4
          http_response_code = 403
          resources_uid = https://payvault.vault.azure.net/secrets/card-key/v1
          resources_name = card-key
          resources_type = Microsoft.KeyVault/vaults/secrets
          resources_group_name = PAY
          unmapped = {"resultType":"Success","properties":{"tlsVersion":"TLS1_3"}}
    "#]],
    );
}

#[test]
fn a_service_acts_by_its_application_and_signs_with_a_key() {
    check(
        r#"{"time":"2026-03-01T12:00:00Z","category":"AuditEvent","operationName":"KeySign","resultType":"Success","resultSignature":"OK",
            "callerIpAddress":"203.0.113.9:5001","identity":{"claim":{"oid":"o-2","appid":"a-2","idtyp":"app"}},
            "properties":{"id":"https://payvault.vault.azure.net/keys/root"},
            "resourceId":"/subscriptions/sub-1/resourceGroups/pay/providers/Microsoft.KeyVault/vaults/payvault"}"#,
        expect![[r#"
            api_activity: KeySign at 2026-03-01T12:00:00.000Z
              status = Success
              metadata_event_code = KeySign
              metadata_log_name = AuditEvent
              cloud_account_uid = sub-1
              status_code = OK
              status_detail = OK
              actor_user_uid = o-2
              actor_user_type_id = 4
              actor_app_uid = a-2
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 5001
              dst_endpoint_hostname = payvault.vault.azure.net
              dst_endpoint_name = payvault
              dst_endpoint_uid = /subscriptions/sub-1/resourceGroups/pay/providers/Microsoft.KeyVault/vaults/payvault
              api_operation = KeySign
              api_service_name = Microsoft.KeyVault
              api_response_message = OK
              resources_uid = https://payvault.vault.azure.net/keys/root
              resources_name = root
              resources_type = Microsoft.KeyVault/vaults/keys
              resources_group_name = pay
              unmapped = {"resultType":"Success"}
        "#]],
    );
}

#[test]
fn the_activity_is_what_the_operation_does() {
    for (operation, activity) in [
        ("VaultPut", "Create"),
        ("SecretListDeleted", "Read"),
        ("KeyGetDeleted", "Read"),
        ("SecretBackup", "Read"),
        ("KeyPurge", "Delete"),
        ("CertificateImport", "Create"),
        ("VaultPatch", "Update"),
        ("KeyDecrypt", "KeyDecrypt"),
    ] {
        let record = format!(r#"{{"time":"2026-03-01T12:00:00Z","category":"AuditEvent","operationName":"{operation}"}}"#);
        let first = shown(keyvault(), record.as_bytes());
        assert!(first.starts_with(&format!("api_activity: {activity} at ")), "{operation}: {first}");
    }
}

#[test]
fn a_vault_log_is_told_from_other_logs_of_azure() {
    assert_eq!(detect(REFUSED.as_bytes(), ""), Some(keyvault()));
    let other = REFUSED.replace("MICROSOFT.KEYVAULT/VAULTS", "MICROSOFT.SQL/SERVERS");
    assert_eq!(detect(other.as_bytes(), ""), None);
}

#[test]
fn odd_values_anywhere_give_one_event_or_one_reject() {
    let start = REFUSED.find("[{").expect("a list") + 1;
    check_odd_values(keyvault(), &REFUSED[start..REFUSED.len() - 2]);
}
