use expect_test::{Expect, expect};

use crate::sources::testing::shown;
use crate::{Source, detect};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AzureActivity, input.as_bytes()));
}

/// The values of some columns of all events, one after the other.
fn check_columns(input: &str, columns: &[&str], expected: Expect) {
    let all = shown(Source::AzureActivity, input.as_bytes());
    let is_wanted = |line: &&str| columns.iter().any(|column| line.trim_start().split([' ', ':']).next() == Some(column));
    expected.assert_eq(&all.lines().filter(is_wanted).map(|line| format!("{}\n", line.trim_start())).collect::<String>());
}

#[test]
fn a_record_of_an_event_hub_names_caller_role_resource_and_request() {
    check(
        r#"{"records":[{"time":"2026-03-01T08:00:00.1234567Z","resourceId":"/SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/RG-1/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ACME",
            "operationName":"MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE","category":"Administrative","resultType":"Success","resultSignature":"Succeeded.Created","durationMs":"1523",
            "callerIpAddress":"203.0.113.9","correlationId":"c-1","identity":{"authorization":{"scope":"/subscriptions/sub-1/resourcegroups/rg-1/providers/microsoft.storage/storageaccounts/acme",
            "action":"Microsoft.Storage/storageAccounts/write","evidence":{"role":"Owner","roleAssignmentScope":"/subscriptions/sub-1","principalId":"oid-of-role","principalType":"User"}},
            "claims":{"appid":"app-1","name":"Mara Stein","ipaddr":"203.0.113.9","http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":"mara@corp.example",
            "http://schemas.microsoft.com/identity/claims/objectidentifier":"oid-1","http://schemas.microsoft.com/claims/authnmethodsreferences":"pwd,mfa","uti":"tok-1","iat":"1772352000",
            "http://schemas.microsoft.com/identity/claims/tenantid":"t-1"}},"level":"Information","location":"westeurope",
            "properties":{"requestbody":"{\"kind\":\"StorageV2\"}","statusCode":"Created","serviceRequestId":"q-1","eventCategory":"Administrative",
            "entity":"/subscriptions/sub-1/resourcegroups/rg-1/providers/microsoft.storage/storageaccounts/acme"}}]}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T08:00:00.123Z
              metadata_correlation_uid = c-1
              metadata_log_name = Administrative
              cloud_region = westeurope
              metadata_log_level = Informational
              duration = 1523
              actor_user_name = mara
              actor_user_domain = corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_full_name = Mara Stein
              actor_user_uid = oid-1
              actor_user_type = User
              actor_user_type_id = 1
              actor_app_uid = app-1
              actor_session_uid_alt = tok-1
              actor_session_created_time = 1772352000000
              actor_session_is_mfa = true
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              src_endpoint_ip = 203.0.113.9
              actor_authorizations_policy_desc = Owner
              resources_type = MICROSOFT.STORAGE/STORAGEACCOUNTS
              resources_name = ACME
              resources_group_name = RG-1
              resources_owner_account_uid = SUB-1
              cloud_account_uid = SUB-1
              api_service_name = MICROSOFT.STORAGE
              resources_uid = /SUBSCRIPTIONS/SUB-1/RESOURCEGROUPS/RG-1/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/ACME
              status = Success
              http_response_code = 201
              api_response_code = 201
              status_code = Succeeded.Created
              api_operation = MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE
              metadata_event_code = MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE
              api_request_uid = q-1
              api_request_data = {"kind":"StorageV2"}
              unmapped = {"identity":{"authorization":{"evidence":{"roleAssignmentScope":"/subscriptions/sub-1"}}}}
        "#]],
    );
}

#[test]
fn a_record_of_the_rest_api_has_the_same_columns() {
    check(
        r#"{"value":[{"authorization":{"action":"Microsoft.Compute/virtualMachines/delete","role":"Contributor","scope":"/subscriptions/sub-1"},"caller":"ben@corp.example","channels":"Operation",
            "claims":{"http://schemas.microsoft.com/identity/claims/objectidentifier":"oid-2","ipaddr":"203.0.113.7"},"correlationId":"c-2","description":"","eventDataId":"e-2",
            "eventName":{"value":"EndRequest","localizedValue":"End request"},"category":{"value":"Administrative","localizedValue":"Administrative"},"eventTimestamp":"2026-03-01T08:00:00Z",
            "httpRequest":{"clientRequestId":"r-2","clientIpAddress":"198.51.100.4","method":"DELETE","uri":"https://management.azure.com/x"},"level":"Error","operationId":"o-2",
            "operationName":{"value":"Microsoft.Compute/virtualMachines/delete","localizedValue":"Delete Virtual Machine"},"resourceGroupName":"rg-1",
            "resourceProviderName":{"value":"Microsoft.Compute","localizedValue":"Microsoft.Compute"},"resourceType":{"value":"Microsoft.Compute/virtualMachines"},
            "resourceId":"/subscriptions/sub-1/resourceGroups/rg-1/providers/Microsoft.Compute/virtualMachines/vm-1","status":{"value":"Failed","localizedValue":"Failed"},
            "subStatus":{"value":"Forbidden","localizedValue":"Forbidden (HTTP Status Code: 403)"},"submissionTimestamp":"2026-03-01T08:00:20Z","subscriptionId":"sub-1","tenantId":"t-1",
            "properties":{"statusCode":"Forbidden","statusMessage":"{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"The client has no permission.\"}}"}}]}"#,
        expect![[r#"
            api_activity: Delete at 2026-03-01T08:00:00.000Z
              severity = Medium
              metadata_uid = e-2
              metadata_correlation_uid = c-2
              metadata_logged_time = 1772352020000
              metadata_log_name = Administrative
              metadata_log_level = Error
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              cloud_account_uid = sub-1
              actor_user_name = ben
              actor_user_domain = corp.example
              actor_user_email_addr = ben@corp.example
              actor_user_uid = oid-2
              actor_user_type = User
              actor_user_type_id = 1
              src_endpoint_ip = 198.51.100.4
              src_endpoint_intermediate_ips = 203.0.113.7
              actor_authorizations_policy_desc = Contributor
              resources_type = Microsoft.Compute/virtualMachines
              resources_name = vm-1
              resources_group_name = rg-1
              resources_owner_account_uid = sub-1
              api_service_name = Microsoft.Compute
              resources_uid = /subscriptions/sub-1/resourceGroups/rg-1/providers/Microsoft.Compute/virtualMachines/vm-1
              status = Failure
              http_response_code = 403
              api_response_code = 403
              status_code = Forbidden
              api_response_error = AuthorizationFailed
              api_response_error_message = The client has no permission.
              status_detail = The client has no permission.
              api_operation = Microsoft.Compute/virtualMachines/delete
              metadata_event_code = Microsoft.Compute/virtualMachines/delete
              message = Delete Virtual Machine
              api_request_uid = o-2
              http_request_uid = r-2
              http_request_http_method = DELETE
              http_request_url_url_string = https://management.azure.com/x
              unmapped = {"authorization":{"scope":"/subscriptions/sub-1"},"channels":"Operation","eventName":{"value":"EndRequest","localizedValue":"End request"},"properties":{"statusMessage":"{\"error\":{\"code\":\"AuthorizationFailed\",\"message\":\"The client has no permission.\"}}"}}
        "#]],
    );
}

#[test]
fn a_record_of_powershell_is_read_in_spite_of_its_capitals() {
    check(
        r#"[{"Authorization":{"Scope":"/subscriptions/s","Action":"Microsoft.KeyVault/vaults/read","Role":"Reader"},"Caller":"11111111-2222-3333-4444-555555555555","Claims":{"Content":{"appid":"app-3"}},
            "CorrelationId":"c-3","EventDataId":"e-3","EventTimestamp":"2026-03-01T08:00:00Z","Level":"Informational","OperationName":{"Value":"Microsoft.KeyVault/vaults/read","LocalizedValue":"Read"},
            "ResourceId":"/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v","Status":{"Value":"Succeeded","LocalizedValue":"Succeeded"},
            "HttpRequest":{"ClientIpAddress":"198.51.100.9:4711","Method":"GET"},"Properties":{"Content":{"statusCode":"OK"}}}]"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T08:00:00.000Z
              metadata_uid = e-3
              metadata_correlation_uid = c-3
              metadata_log_level = Informational
              actor_user_uid = 11111111-2222-3333-4444-555555555555
              actor_user_type = Service
              actor_user_type_id = 4
              actor_app_uid = app-3
              src_endpoint_ip = 198.51.100.9
              src_endpoint_port = 4711
              actor_authorizations_policy_desc = Reader
              resources_type = Microsoft.KeyVault/vaults
              resources_name = v
              resources_group_name = g
              resources_owner_account_uid = s
              cloud_account_uid = s
              api_service_name = Microsoft.KeyVault
              resources_uid = /subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v
              status = Success
              http_response_code = 200
              api_response_code = 200
              status_code = OK
              api_operation = Microsoft.KeyVault/vaults/read
              metadata_event_code = Microsoft.KeyVault/vaults/read
              http_request_http_method = GET
              unmapped = {"operationName":{"LocalizedValue":"Read"},"authorization":{"Scope":"/subscriptions/s"}}
        "#]],
    );
}

#[test]
fn operations_end_in_what_they_do() {
    let record = |operation: &str, signature: &str| {
        format!(
            r#"{{"time":"2026-03-01T08:00:00Z","operationName":"{operation}","category":"Administrative","resultSignature":"{signature}"}}"#
        ) + "\n"
    };
    let records = [
        record("Microsoft.Sql/servers/read", "200"),
        record("MICROSOFT.SQL/SERVERS/WRITE", "201"),
        record("Microsoft.Sql/servers/write", "200"),
        record("Microsoft.Sql/servers/delete", "Succeeded.NoContent"),
        record("Microsoft.Storage/storageAccounts/listKeys/action", "Started."),
    ];
    check_columns(
        &records.concat(),
        &["api_activity", "http_response_code", "status_code"],
        expect![[r#"
        api_activity: Read at 2026-03-01T08:00:00.000Z
        http_response_code = 200
        status_code = 200
        api_activity: Create at 2026-03-01T08:00:00.000Z
        http_response_code = 201
        status_code = 201
        api_activity: Update at 2026-03-01T08:00:00.000Z
        http_response_code = 200
        status_code = 200
        api_activity: Delete at 2026-03-01T08:00:00.000Z
        http_response_code = 204
        status_code = Succeeded.NoContent
        api_activity: Microsoft.Storage/storageAccounts/listKeys/action at 2026-03-01T08:00:00.000Z
        status_code = Started.
    "#]],
    );
}

#[test]
fn a_start_is_neither_success_nor_failure() {
    let record =
        |result: &str| format!(r#"{{"time":"2026-03-01T08:00:00Z","operationName":"A.B/c/write","resultType":"{result}"}}"#) + "\n";
    let records: String = ["Start", "Accept", "Success", "Succeeded", "Failure", "Failed"].into_iter().map(record).collect();
    check_columns(
        &records,
        &["status", "status_detail"],
        expect![[r#"
        status = Other
        status_detail = Start
        status = Other
        status_detail = Accept
        status = Success
        status = Success
        status = Failure
        status = Failure
    "#]],
    );
}

#[test]
fn a_role_held_by_a_group_does_not_name_the_caller() {
    check_columns(
        r#"{"time":"2026-03-01T08:00:00Z","operationName":"A.B/c/write","identity":{"authorization":{"evidence":{"role":"Owner","principalId":"group-1","principalType":"Group"}},
            "claims":{"appid":"app","idtyp":"app","oid":"oid-9","http://schemas.microsoft.com/claims/authnmethodsreferences":"pwd"}}}"#,
        &[
            "actor_user_uid",
            "actor_user_type",
            "actor_user_type_id",
            "actor_authorizations_policy_desc",
            "actor_session_is_mfa",
            "unmapped",
        ],
        expect![[r#"
            actor_user_uid = oid-9
            actor_user_type = app
            actor_user_type_id = 4
            actor_session_is_mfa = false
            actor_authorizations_policy_desc = Owner
            unmapped = {"identity":{"authorization":{"evidence":{"principalId":"group-1","principalType":"Group"}}}}
        "#]],
    );
}

#[test]
fn a_policy_says_what_it_did() {
    check_columns(
        r#"{"time":"2026-03-01T08:00:00Z","operationName":"MICROSOFT.AUTHORIZATION/POLICIES/DENY/ACTION","category":"Policy","resultType":"Failure","level":"Error",
            "properties":{"policies":"[{\"policyDefinitionId\":\"/providers/p/1\",\"policyDefinitionName\":\"no-public-ip\"}]","resourceLocation":"westus2"}}"#,
        &["action", "policy_name", "policy_uid", "severity", "status", "resources_region"],
        expect![[r#"
            severity = Medium
            resources_region = westus2
            status = Failure
            action = Denied
            policy_name = no-public-ip
            policy_uid = /providers/p/1
        "#]],
    );
}

#[test]
fn odd_records_are_events_as_long_as_they_have_a_time() {
    check(
        concat!(
            r#"{"time":"2026-03-01T08:00:00Z","category":"ServiceHealth","properties":"text","identity":"someone","level":7,"claims":[1],"status":3,"durationMs":"x"}"#,
            "\n",
            r#"{"time":"3/1/2026 8:00:00 AM","operationName":{"value":7},"resourceId":{"a":1},"properties":{"requestbody":"{cut","statusMessage":"not json"}}"#,
            "\n",
            r#"{"time":"never","operationName":"x"}"#,
            "\n",
            r#"{"operationName":"x"}"#,
            "\n",
            r#"{"time":"2026-03-01T08:00:00Z"}"#,
            "\n",
        ),
        expect![[r#"
            api_activity: Other at 2026-03-01T08:00:00.000Z
              severity = Unknown
              metadata_log_name = ServiceHealth
              metadata_log_level = 7
              status = Other
              status_code = 3
              status_detail = 3
              unmapped = {"properties":"text","identity":"someone","claims":[1],"durationMs":"x"}
            api_activity: 7 at 2026-03-01T08:00:00.000Z
              status = Unknown
              api_operation = 7
              metadata_event_code = 7
              unmapped = {"resourceId":{"a":1},"properties":{"requestbody":"{cut","statusMessage":"not json"}}
            api_activity: Other at 2026-03-01T08:00:00.000Z
              status = Unknown
            reject: the field time is "never", not a time
            reject: the field time is missing
        "#]],
    );
}

#[test]
fn the_activity_log_is_recognised_and_resource_logs_are_not() {
    for record in [
        r#"{"records":[{"operationName":"A.B/c/write","category":"Administrative","time":"t"}]}"#,
        r#"{"value":[{"operationName":{"value":"x"},"category":{"value":"Policy"},"eventTimestamp":"t"}]}"#,
    ] {
        assert_eq!(detect(record.as_bytes(), "x.json"), Some(Source::AzureActivity), "{record}");
    }
    for record in [
        r#"{"operationName":"SecretGet","category":"AuditEvent","resourceId":"/SUBSCRIPTIONS/S/x","properties":{}}"#,
        r#"{"operationName":"Sign-in activity","category":"SignInLogs","properties":{}}"#,
    ] {
        assert_ne!(detect(record.as_bytes(), "x.json"), Some(Source::AzureActivity), "{record}");
    }
}
