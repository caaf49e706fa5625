//! Directory audit, risk, provisioning and Microsoft Graph activity.

use expect_test::expect;

use super::{check, check_columns};

#[test]
fn a_new_user_of_the_directory_audit_is_an_account_change() {
    check(
        r#"{"time":"2026-03-01T09:00:00Z","resourceId":"/tenants/t-1/providers/Microsoft.aadiam","operationName":"Add user","category":"AuditLogs","tenantId":"t-1","callerIpAddress":"<null>",
            "correlationId":"c-4","identity":"Admin","Level":4,"properties":{"id":"Directory_4","category":"UserManagement","correlationId":"c-4","result":"success","resultReason":"",
            "activityDisplayName":"Add user","activityDateTime":"2026-03-01T09:00:00+00:00","loggedByService":"Core Directory","operationType":"Add","initiatedBy":{"user":{"id":"u-9",
            "displayName":null,"userPrincipalName":"admin@corp.example","ipAddress":"192.0.2.8","roles":[]}},"targetResources":[{"id":"u-10","displayName":"New One","type":"User",
            "userPrincipalName":"new@corp.example","modifiedProperties":[{"displayName":"AccountEnabled","oldValue":"[]","newValue":"[true]"}]}],
            "additionalDetails":[{"key":"User-Agent","value":"Mozilla/5.0"}]}}"#,
        expect![[r#"
            account_change: Create at 2026-03-01T09:00:00.000Z
              message = Add user
              metadata_event_code = Add user
              api_operation = Add user
              metadata_logged_time = 1772355600000
              metadata_log_name = AuditLogs
              metadata_uid = Directory_4
              metadata_log_level = Informational
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              cloud_account_uid = t-1
              metadata_correlation_uid = c-4
              api_service_name = Core Directory
              actor_user_name = admin
              actor_user_domain = corp.example
              actor_user_email_addr = admin@corp.example
              actor_user_full_name = Admin
              actor_user_uid = u-9
              actor_user_type = User
              actor_user_type_id = 1
              src_endpoint_ip = 192.0.2.8
              http_request_user_agent = Mozilla/5.0
              status = Success
              status_code = success
              user_name = new
              user_domain = corp.example
              user_email_addr = new@corp.example
              user_full_name = New One
              user_uid = u-10
              user_type = User
              user_type_id = 1
              api_request_data = {"targetResources":[{"id":"u-10","displayName":"New One","type":"User","userPrincipalName":"new@corp.example","modifiedProperties":[{"displayName":"AccountEnabled","oldValue":"[]","newValue":"[true]"}]}],"additionalDetails":[{"key":"User-Agent","value":"Mozilla/5.0"}]}
              unmapped = {"callerIpAddress":"<null>","properties":{"category":"UserManagement","operationType":"Add"}}
        "#]],
    );
}

#[test]
fn an_application_that_adds_a_member_acts_as_its_service_principal() {
    check(
        r#"{"id":"a-5","activityDateTime":"2026-03-01T09:00:00Z","activityDisplayName":"Add member to group","category":"GroupManagement","result":"failure","resultReason":"Denied",
            "operationType":"Assign","initiatedBy":{"user":null,"app":{"displayName":"Sync","appId":"app-5","servicePrincipalId":"sp-5"}},"targetResources":[{"id":"u-5","type":"User",
            "userPrincipalName":"ben@corp.example","modifiedProperties":[{"displayName":"Group.ObjectID","oldValue":null,"newValue":"\"g-5\""},
            {"displayName":"Group.DisplayName","oldValue":null,"newValue":"\"admins\""}]}],"loggedByService":"Core Directory"}"#,
        expect![[r#"
            group_management: Add User at 2026-03-01T09:00:00.000Z
              severity = Low
              message = Add member to group
              metadata_event_code = Add member to group
              api_operation = Add member to group
              metadata_product_feature_name = Microsoft Graph
              metadata_uid = a-5
              metadata_log_name = auditLogs/directoryAudits
              api_service_name = Core Directory
              actor_user_name = Sync
              actor_user_uid = sp-5
              actor_user_type = Service
              actor_user_type_id = 4
              actor_app_name = Sync
              actor_app_uid = app-5
              status = Failure
              status_code = failure
              status_detail = Denied
              group_uid = g-5
              group_name = admins
              user_name = ben
              user_domain = corp.example
              user_email_addr = ben@corp.example
              user_uid = u-5
              user_type = User
              user_type_id = 1
              api_request_data = {"targetResources":[{"id":"u-5","type":"User","userPrincipalName":"ben@corp.example","modifiedProperties":[{"displayName":"Group.ObjectID","newValue":"\"g-5\""},{"displayName":"Group.DisplayName","newValue":"\"admins\""}]}]}
              unmapped = {"category":"GroupManagement","operationType":"Assign"}
        "#]],
    );
}

#[test]
fn a_group_in_a_group_is_a_subgroup_and_a_device_is_a_resource() {
    let columns = ["group_name", "group_uid", "subgroup_name", "subgroup_uid", "user_uid", "resource_uid", "resource_type"];
    let record = |targets: &str| {
        format!(
            r#"{{"activityDateTime":"2026-03-01T09:00:00Z","activityDisplayName":"Add member to group","targetResources":[{targets}]}}"#
        )
    };
    check_columns(
        &record(r#"{"id":"g-1","displayName":"inner","type":"Group"},{"id":"g-2","displayName":"outer","type":"Group"}"#),
        &columns,
        expect![[r#"
            group_uid = g-2
            group_name = outer
            subgroup_uid = g-1
            subgroup_name = inner
        "#]],
    );
    check_columns(
        &record(r#"{"id":"d-1","displayName":"PC-7","type":"Device"},{"id":"g-2","type":"Group"}"#),
        &columns,
        expect![[r#"
        group_uid = g-2
        resource_uid = d-1
        resource_type = Device
    "#]],
    );
}

#[test]
fn roles_permissions_and_consents_are_privileges_of_who_receives_them() {
    let columns = ["metadata_event_code", "user_name", "user_uid", "user_type", "resource_name", "privileges", "src_endpoint_ip"];
    let record = |activity: &str, targets: &str| {
        format!(
            r#"{{"activityDateTime":"2026-03-01T09:00:00Z","activityDisplayName":"{activity}","category":"RoleManagement","targetResources":[{targets}],"additionalDetails":[{{"key":"ipaddr","value":"192.0.2.3"}}]}}"#
        )
    };
    check_columns(
        &record(
            "Add member to role",
            r#"{"id":"u-1","type":"User","userPrincipalName":"mara@corp.example","modifiedProperties":[{"displayName":"Role.DisplayName","newValue":"\"Global Administrator\""}]},{"id":"role","type":"Role"}"#,
        ),
        &columns,
        expect![[r#"
            metadata_event_code = Add member to role
            src_endpoint_ip = 192.0.2.3
            user_name = mara
            user_uid = u-1
            user_type = User
            privileges = Global Administrator
        "#]],
    );
    check_columns(
        &record(
            "Add app role assignment to service principal",
            r#"{"id":"sp-1","displayName":"Microsoft Graph","type":"ServicePrincipal","modifiedProperties":[{"displayName":"AppRole.Value","newValue":"\"Mail.Read\""}]},{"id":"sp-2","displayName":"tool","type":"ServicePrincipal"}"#,
        ),
        &columns,
        expect![[r#"
            metadata_event_code = Add app role assignment to service principal
            src_endpoint_ip = 192.0.2.3
            user_name = tool
            user_uid = sp-2
            user_type = ServicePrincipal
            resource_name = Microsoft Graph
            privileges = Mail.Read
        "#]],
    );
    check_columns(
        &record(
            "Consent to application",
            r#"{"id":"sp-3","displayName":"Mail Helper","type":"ServicePrincipal","modifiedProperties":[{"displayName":"ConsentAction.Permissions","oldValue":"[]","newValue":"[] => [[Id: x, ConsentType: Principal, Scope: User.Read Mail.Read, CreatedDateTime: y]]"}]}"#,
        ),
        &columns,
        expect![[r#"
            metadata_event_code = Consent to application
            src_endpoint_ip = 192.0.2.3
            user_name = Mail Helper
            user_uid = sp-3
            user_type = ServicePrincipal
            privileges = User.Read | Mail.Read
        "#]],
    );
}

#[test]
fn other_activities_are_api_calls_on_their_targets() {
    check(
        r#"{"id":"a-6","activityDateTime":"2026-03-01T09:00:00Z","activityDisplayName":"Add conditional access policy","category":"Policy","result":"success","operationType":"Add",
            "initiatedBy":{"user":{"id":"u-9","userPrincipalName":"admin"}},"targetResources":[{"id":"ca-1","displayName":"Allow all","type":"Policy"},{"id":"o-1","type":"Other"}]}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T09:00:00.000Z
              message = Add conditional access policy
              metadata_event_code = Add conditional access policy
              api_operation = Add conditional access policy
              metadata_product_feature_name = Microsoft Graph
              metadata_uid = a-6
              metadata_log_name = auditLogs/directoryAudits
              actor_user_name = admin
              actor_user_uid = u-9
              actor_user_type = User
              actor_user_type_id = 1
              status = Success
              status_code = success
              resources_uid = ca-1
              resources_name = Allow all
              resources_type = Policy
              resources = [{"uid":"ca-1","name":"Allow all","type":"Policy"},{"uid":"o-1","type":"Other"}]
              api_request_data = {"targetResources":[{"id":"ca-1","displayName":"Allow all","type":"Policy"},{"id":"o-1","type":"Other"}]}
              unmapped = {"category":"Policy","operationType":"Add"}
        "#]],
    );
}

#[test]
fn a_risk_detection_is_a_finding_about_the_user() {
    check(
        r#"{"time":"3/1/2026 2:42:35 PM","category":"UserRiskEvents","operationName":"User Risk Detection","tenantId":"t-1","callerIpAddress":"203.0.113.20","location":"fr",
            "properties":{"id":"rd-1","riskType":"unfamiliarFeatures","riskEventType":"unfamiliarFeatures","riskState":"atRisk","riskLevel":"high","riskDetail":"none",
            "source":"IdentityProtection","ipAddress":"203.0.113.20","location":{"city":"Paris","countryOrRegion":"FR"},"activityDateTime":"2026-03-01T14:39:00Z",
            "detectedDateTime":"2026-03-01T14:40:00Z","lastUpdatedDateTime":"2026-03-01T14:41:00Z","userId":"u-1","userDisplayName":"Mara Stein","userPrincipalName":"mara@corp.example"}}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T14:40:00.000Z
              severity = High
              metadata_logged_time = 1772376155000
              metadata_log_name = UserRiskEvents
              metadata_event_code = User Risk Detection
              metadata_uid = rd-1
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              cloud_account_uid = t-1
              finding_info_uid = rd-1
              is_alert = true
              risk_level_id = 3
              risk_level = High
              status_detail = atRisk
              status = New
              finding_info_desc = none
              end_time = 1772376060000
              finding_info_modified_time = 1772376060000
              finding_info_created_time = 1772376000000
              start_time = 1772375940000
              finding_info_first_seen_time = 1772375940000
              finding_info_types = unfamiliarFeatures
              finding_info_title = unfamiliarFeatures
              finding_info_product_uid = IdentityProtection
              evidences_actor_user_name = mara
              evidences_actor_user_uid = u-1
              resources_name = mara@corp.example
              resources_uid = u-1
              resources_type = User
              resources = [{"type":"User","role":"Affected","role_id":3,"name":"mara@corp.example","uid":"u-1"}]
              evidences_src_endpoint_ip = 203.0.113.20
              evidences = [{"actor":{"user":{"type":"User","type_id":1,"name":"mara","domain":"corp.example","email_addr":"mara@corp.example","full_name":"Mara Stein","uid":"u-1"}},"src_endpoint":{"ip":"203.0.113.20","location":{"country":"FR","city":"Paris"}}}]
        "#]],
    );
}

#[test]
fn a_risky_service_principal_is_a_finding_with_the_state_of_its_risk() {
    check(
        r#"{"id":"sp-1","riskLastUpdatedDateTime":"2026-03-01T10:00:00Z","riskLevel":"medium","riskState":"remediated","riskDetail":"adminDismissed","displayName":"deploy",
            "appId":"a-1","servicePrincipalType":"Application"}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T10:00:00.000Z
              severity = Medium
              metadata_product_feature_name = Microsoft Graph
              metadata_uid = sp-1
              metadata_log_name = identityProtection/riskyUsers
              finding_info_uid = sp-1
              is_alert = true
              risk_level_id = 2
              risk_level = Medium
              status_detail = remediated
              status = Resolved
              finding_info_desc = adminDismissed
              finding_info_title = Risky service principal
              finding_info_modified_time = 1772359200000
              evidences_actor_user_name = deploy
              evidences_actor_user_uid = sp-1
              resources_name = deploy
              resources_uid = sp-1
              resources_type = ServicePrincipal
              resources = [{"type":"ServicePrincipal","role":"Affected","role_id":3,"name":"deploy","uid":"sp-1"}]
              evidences = [{"actor":{"user":{"type":"Service","type_id":4,"name":"deploy","full_name":"deploy","uid":"sp-1"}}}]
              unmapped = {"appId":"a-1","servicePrincipalType":"Application"}
        "#]],
    );
}

#[test]
fn a_call_of_microsoft_graph_names_its_sign_in() {
    check(
        r#"{"time":"2026-03-01T11:00:00Z","category":"MicrosoftGraphActivityLogs","operationName":"Microsoft Graph Activity","tenantId":"t-1","resultSignature":"403","durationMs":"120",
            "callerIpAddress":"203.0.113.9","correlationId":"c-7","level":"Informational","location":"West Europe","properties":{"timeGenerated":"2026-03-01T10:59:59Z","requestId":"q-7",
            "operationId":"c-7","apiVersion":"v1.0","requestMethod":"GET","responseStatusCode":403,"responseSizeBytes":512,"signInActivityId":"tok-1","appId":"a-7","userId":"u-1",
            "userAgent":"python","requestUri":"https://graph.microsoft.com/v1.0/users?$top=999","ipAddress":"203.0.113.9","scopes":"User.Read","tokenIssuedAt":"2026-03-01T10:50:00Z"}}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T10:59:59.000Z
              metadata_logged_time = 1772362800000
              metadata_log_name = MicrosoftGraphActivityLogs
              metadata_event_code = Microsoft Graph Activity
              metadata_log_level = Informational
              metadata_tenant_uid = t-1
              cloud_org_uid = t-1
              cloud_account_uid = t-1
              metadata_correlation_uid = c-7
              api_operation = GET
              http_request_http_method = GET
              api_service_name = Microsoft Graph
              api_version = v1.0
              api_request_uid = q-7
              metadata_uid = q-7
              http_request_url_scheme = https
              http_request_url_hostname = graph.microsoft.com
              http_request_url_path = /v1.0/users
              http_request_url_query_string = $top=999
              resources_name = /v1.0/users
              http_request_url_url_string = https://graph.microsoft.com/v1.0/users?$top=999
              actor_user_uid = u-1
              actor_user_type = User
              actor_user_type_id = 1
              actor_app_uid = a-7
              actor_session_uid_alt = tok-1
              actor_session_created_time = 1772362200000
              src_endpoint_ip = 203.0.113.9
              http_request_user_agent = python
              status = Failure
              status_code = 403
              http_response_code = 403
              api_response_code = 403
              http_response_body_length = 512
              duration = 120
              unmapped = {"location":"West Europe","properties":{"scopes":"User.Read"}}
        "#]],
    );
}

#[test]
fn a_provisioned_account_is_an_account_change() {
    check(
        r#"{"id":"pr-1","activityDateTime":"2026-03-01T12:00:00Z","provisioningAction":"create","jobId":"j","initiatedBy":{"id":"","displayName":"Azure AD Provisioning Service","initiatorType":"system"},
            "servicePrincipal":{"id":"sp-8","displayName":"ServiceNow"},"sourceIdentity":{"id":"u-1","displayName":"mara@corp.example","identityType":"User"},
            "targetIdentity":{"id":"t-u-1","displayName":"","identityType":"User"},"provisioningStatusInfo":{"status":"failure","errorInformation":{"errorCode":"Unauthorized","reason":"No"}},
            "modifiedProperties":[{"displayName":"active","newValue":"True"}],"durationInMilliseconds":90}"#,
        expect![[r#"
            account_change: Create at 2026-03-01T12:00:00.000Z
              severity = Low
              metadata_product_feature_name = Microsoft Graph
              metadata_uid = pr-1
              metadata_log_name = auditLogs/provisioning
              api_operation = create
              api_service_name = Account Provisioning
              actor_user_name = Azure AD Provisioning Service
              actor_user_type = Service
              actor_user_type_id = 4
              actor_app_name = ServiceNow
              actor_app_uid = sp-8
              user_uid_alt = u-1
              user_name = mara
              user_domain = corp.example
              user_email_addr = mara@corp.example
              user_uid = t-u-1
              user_type = User
              user_type_id = 1
              status = Failure
              status_code = Unauthorized
              status_detail = No
              duration = 90
              api_request_data = {"modifiedProperties":[{"displayName":"active","newValue":"True"}]}
              unmapped = {"jobId":"j","sourceIdentity":{"identityType":"User"},"targetIdentity":{"identityType":"User"}}
        "#]],
    );
}
