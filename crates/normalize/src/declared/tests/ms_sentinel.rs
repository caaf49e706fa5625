//! Tables of Log Analytics.

use coldtrail_model::Col;
use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Normalizer, Options, Source, detect};

fn source() -> Source {
    Source::named("ms_sentinel").expect("a source that Coldtrail brings")
}

/// The records are told to be of this source, and become this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn tables_of_entra_are_read_by_its_mapping() {
    check(
        r#"{"TenantId":"w1","SourceSystem":"Azure AD","TimeGenerated":"2026-03-01T12:01:00Z","Type":"SigninLogs","ResourceId":"/tenants/t1/providers/Microsoft.aadiam","OperationName":"Sign-in activity","Category":"SignInLogs","ResultType":"50126","ResultDescription":"Invalid username or password.","CorrelationId":"c1","Identity":"Mara","Location":"DE","AppDisplayName":"Portal","AppId":"a1","CreatedDateTime":"2026-03-01T12:00:00Z","Id":"s1","IPAddress":"203.0.113.9","UserPrincipalName":"mara@corp.example","UserId":"u1","UserDisplayName":"Mara","AADTenantId":"t1","LocationDetails":"{\"city\":\"Berlin\",\"countryOrRegion\":\"DE\"}","Status":"{\"errorCode\":50126,\"failureReason\":\"Invalid username or password.\"}","IsInteractive":true}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:01:00Z","Type":"AADServicePrincipalSignInLogs","Category":"ServicePrincipalSignInLogs","ResultType":"0","CreatedDateTime":"2026-03-01T12:00:00Z","ServicePrincipalName":"robot","ServicePrincipalId":"p1","IPAddress":"203.0.113.9","AppId":"a2"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:01:00Z","Type":"AuditLogs","Category":"UserManagement","OperationName":"Add user","ActivityDisplayName":"Add user","ActivityDateTime":"2026-03-01T12:00:00Z","AADOperationType":"Add","Result":"success","Id":"d1","InitiatedBy":{"user":{"userPrincipalName":"mara@corp.example","id":"u1","ipAddress":"203.0.113.9"}},"TargetResources":[{"type":"User","userPrincipalName":"eve@corp.example","id":"u2"}]}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              severity = Low
              metadata_logged_time = 1772366460000
              metadata_log_name = SignInLogs
              metadata_event_code = Sign-in activity
              metadata_uid = s1
              metadata_tenant_uid = t1
              cloud_org_uid = t1
              cloud_account_uid = t1
              metadata_correlation_uid = c1
              user_name = mara
              user_domain = corp.example
              user_email_addr = mara@corp.example
              user_full_name = Mara
              user_uid = u1
              user_type_id = 1
              actor_user_name = mara
              actor_user_domain = corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_full_name = Mara
              actor_user_uid = u1
              actor_user_type_id = 1
              is_remote = true
              logon_type_id = 99
              logon_type = interactiveUser
              service_name = Portal
              service_uid = a1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_location_country = DE
              src_endpoint_location_city = Berlin
              status = Failure
              status_code = 50126
              status_detail = Invalid username or password.
              unmapped = {"workspaceId":"w1","sourceSystem":"Azure AD","type":"SigninLogs","tenantResource":"/tenants/t1/providers/Microsoft.aadiam","locationCountry":"DE"}
            authentication: Logon at 2026-03-01T12:00:00.000Z
              metadata_logged_time = 1772366460000
              metadata_log_name = ServicePrincipalSignInLogs
              user_name = robot
              user_uid = p1
              user_type = Service
              user_type_id = 4
              actor_user_name = robot
              actor_user_uid = p1
              actor_user_type = Service
              actor_user_type_id = 4
              is_remote = true
              logon_type_id = 99
              logon_type = servicePrincipal
              actor_app_uid = a2
              src_endpoint_ip = 203.0.113.9
              status = Success
              status_code = 0
              unmapped = {"workspaceId":"w1","type":"AADServicePrincipalSignInLogs"}
            account_change: Create at 2026-03-01T12:00:00.000Z
              message = Add user
              metadata_event_code = Add user
              api_operation = Add user
              metadata_product_feature_name = Microsoft Graph
              metadata_uid = d1
              metadata_log_name = auditLogs/directoryAudits
              actor_user_name = mara
              actor_user_domain = corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_uid = u1
              actor_user_type = User
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              status = Success
              status_code = success
              user_name = eve
              user_domain = corp.example
              user_email_addr = eve@corp.example
              user_uid = u2
              user_type = User
              user_type_id = 1
              api_request_data = {"targetResources":[{"type":"User","userPrincipalName":"eve@corp.example","id":"u2"}]}
              unmapped = {"workspaceId":"w1","timeGenerated":"2026-03-01T12:01:00Z","type":"AuditLogs","category":"UserManagement","operationType":"Add"}
        "#]],
    );
}

#[test]
fn tables_of_other_sources_are_read_by_theirs() {
    check(
        r#"{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00Z","Type":"OfficeActivity","RecordType":"SharePointFileOperation","Operation":"FileDownloaded","OrganizationId":"t1","OfficeWorkload":"OneDrive","UserId":"mara@corp.example","ClientIP":"203.0.113.9","OfficeObjectId":"https://x.example/a.docx","SourceFileName":"a.docx"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00Z","Type":"AzureActivity","OperationName":"Delete VM","OperationNameValue":"MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE","CategoryValue":"Administrative","ActivityStatusValue":"Success","Caller":"mara@corp.example","CallerIpAddress":"203.0.113.9","SubscriptionId":"s1","_ResourceId":"/subscriptions/s1/resourcegroups/g1/providers/microsoft.compute/virtualmachines/vm1","Level":"Informational"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00Z","Timestamp":"2026-03-01T11:59:59Z","Type":"DeviceEvents","ActionType":"UsbDriveMounted","DeviceName":"ws1","DeviceId":"d1"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00Z","Type":"SecurityEvent","EventID":4624,"Computer":"srv1","EventSourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","TargetUserName":"ada","TargetDomainName":"X","LogonType":3,"IpAddress":"203.0.113.9"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00Z","Type":"Syslog","Facility":"cron","SeverityLevel":"info","HostName":"web1","ProcessName":"CRON","ProcessID":7,"SyslogMessage":"(root) CMD (true)"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00Z","Type":"Heartbeat","Computer":"web1","ComputerIP":"203.0.113.9","OSType":"Linux"}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = FileDownloaded
              api_service_name = OneDrive
              resources_uid = https://x.example/a.docx
              resources_name = a.docx
              metadata_product_feature_name = OneDrive
              metadata_event_code = FileDownloaded
              metadata_log_name = OneDrive
              metadata_tenant_uid = t1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              src_endpoint_ip = 203.0.113.9
              unmapped = {"WorkspaceId":"w1","Type":"OfficeActivity","RecordType":"SharePointFileOperation"}
            api_activity: Delete at 2026-03-01T12:00:00.000Z
              metadata_log_name = Administrative
              metadata_log_level = Informational
              actor_user_name = mara
              actor_user_domain = corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_type = User
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              resources_type = microsoft.compute/virtualmachines
              resources_name = vm1
              resources_group_name = g1
              resources_owner_account_uid = s1
              cloud_account_uid = s1
              api_service_name = microsoft.compute
              resources_uid = /subscriptions/s1/resourcegroups/g1/providers/microsoft.compute/virtualmachines/vm1
              status = Success
              status_code = Success
              api_operation = MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE
              metadata_event_code = MICROSOFT.COMPUTE/VIRTUALMACHINES/DELETE
              unmapped = {"workspaceId":"w1","type":"AzureActivity","operationText":"Delete VM"}
            file_activity: Mount at 2026-03-01T11:59:59.000Z
              status = Success
              metadata_event_code = UsbDriveMounted
              metadata_log_name = DeviceEvents
              device_hostname = ws1
              device_uid = d1
              unmapped = {"WorkspaceId":"w1","TimeGenerated":"2026-03-01T12:00:00Z"}
            authentication: Logon at 2026-03-01T12:00:00.000Z
              metadata_log_provider = Microsoft-Windows-Security-Auditing
              metadata_log_name = Security
              metadata_event_code = 4624
              device_os_name = Windows
              device_os_type_id = 100
              device_hostname = srv1
              metadata_tenant_uid = w1
              is_new_logon = true
              user_name = ada
              user_domain = X
              logon_type_id = 3
              logon_type = Network
              is_remote = true
              src_endpoint_ip = 203.0.113.9
              status = Success
              unmapped = {"Type":"SecurityEvent"}
            scheduled_job_activity: Start at 2026-03-01T12:00:00.000Z
              message = (root) CMD (true)
              metadata_log_provider = CRON
              device_hostname = web1
              actor_process_name = CRON
              actor_process_pid = 7
              status = Success
              actor_user_name = root
              job_user_name = root
              job_cmd_line = true
              job_name = true
              unmapped = {"TenantId":"w1","Type":"Syslog","Facility":"cron","SeverityLevel":"info"}
            event_log_activity: Heartbeat at 2026-03-01T12:00:00.000Z
              status = Unknown
              log_name = Heartbeat
              metadata_log_name = Heartbeat
              metadata_event_code = Heartbeat
              device_hostname = web1
              device_ip = 203.0.113.9
              unmapped = {"TenantId":"w1","OSType":"Linux"}
        "#]],
    );
}

#[test]
fn alerts_incidents_and_devices_have_kinds_of_their_own() {
    check(
        r#"{"TenantId":"w1","TimeGenerated":"2026-03-01T12:05:00Z","Type":"SecurityAlert","DisplayName":"Odd sign-in","AlertName":"Odd sign-in","AlertSeverity":"High","ProviderName":"ASI Scheduled Alerts","SystemAlertId":"a1","AlertType":"rule-1","StartTime":"2026-03-01T12:00:00Z","EndTime":"2026-03-01T12:04:00Z","Status":"New","Tactics":"InitialAccess, Persistence","Techniques":"[\"T1078\"]","Entities":"[{\"$id\":\"1\",\"Type\":\"ip\",\"Address\":\"203.0.113.9\"},{\"Type\":\"account\",\"Name\":\"mara\",\"UPNSuffix\":\"corp.example\"}]"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:05:00Z","Type":"SecurityIncident","IncidentName":"i-1","IncidentNumber":7,"Title":"Odd sign-in","Severity":"Medium","Status":"Closed","Classification":"FalsePositive","ClassificationReason":"IncorrectAlertLogic","CreatedTime":"2026-03-01T12:00:00Z","LastModifiedTime":"2026-03-01T12:05:00Z","AdditionalData":"{\"tactics\":[\"InitialAccess\"]}","Owner":"{\"email\":\"ole@corp.example\"}"}
{"TenantId":"w1","TimeGenerated":"2026-03-01T12:05:00Z","Type":"CommonSecurityLog","DeviceVendor":"Acme","DeviceProduct":"Wall","DeviceEventClassID":"7","Activity":"traffic","DeviceAction":"Deny","LogSeverity":"8","SourceIP":"10.0.0.1","SourcePort":40000,"DestinationIP":"203.0.113.9","DestinationPort":443,"Protocol":"TCP","SentBytes":10,"Computer":"fw1"}
{"id":"/subscriptions/s1/providers/Microsoft.SecurityInsights/Incidents/i-2","name":"i-2","type":"Microsoft.SecurityInsights/Incidents","properties":{"title":"Odd","severity":"Low","status":"New","incidentNumber":8,"createdTimeUtc":"2026-03-01T12:00:00Z","labels":[{"labelName":"vip"}]}}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:05:00.000Z
              severity = High
              status = New
              metadata_product_feature_name = ASI Scheduled Alerts
              metadata_uid = a1
              metadata_event_code = rule-1
              message = Odd sign-in
              start_time = 1772366400000
              end_time = 1772366640000
              finding_info_uid = a1
              finding_info_title = Odd sign-in
              finding_info_types = InitialAccess | Persistence
              finding_info_analytic_name = Odd sign-in
              finding_info_analytic_uid = rule-1
              finding_info_product_uid = ASI Scheduled Alerts
              finding_info_created_time = 1772366700000
              finding_info_first_seen_time = 1772366400000
              finding_info_last_seen_time = 1772366640000
              attacks_technique_uid = T1078
              is_alert = true
              evidences_actor_user_name = mara
              evidences_src_endpoint_ip = 203.0.113.9
              evidences = [{"data":{"type":"ip"},"src_endpoint":{"ip":"203.0.113.9"}},{"data":{"type":"account","name":"mara","upn_suffix":"corp.example"}}]
              metadata_log_name = SecurityAlert
              unmapped = {"TenantId":"w1","Entities":[{"$id":"1"}]}
            detection_finding: Close at 2026-03-01T12:05:00.000Z
              severity = Medium
              status = Resolved
              metadata_uid = i-1
              metadata_event_code = SecurityIncident
              metadata_sequence = 7
              message = Odd sign-in
              finding_info_uid = i-1
              finding_info_title = Odd sign-in
              finding_info_types = InitialAccess
              finding_info_created_time = 1772366400000
              finding_info_modified_time = 1772366700000
              status_detail = FalsePositive: IncorrectAlertLogic
              metadata_log_name = SecurityIncident
              unmapped = {"TenantId":"w1","TimeGenerated":"2026-03-01T12:05:00Z","Owner":{"email":"ole@corp.example"}}
            network_activity: Refuse at 2026-03-01T12:05:00.000Z
              severity = High
              status = Failure
              metadata_log_name = CommonSecurityLog
              metadata_event_code = 7
              message = traffic
              action = Denied
              action_id = 2
              device_hostname = fw1
              src_endpoint_ip = 10.0.0.1
              src_endpoint_port = 40000
              dst_endpoint_ip = 203.0.113.9
              dst_endpoint_port = 443
              connection_info_protocol_name = tcp
              traffic_bytes_out = 10
              unmapped = {"TenantId":"w1","Type":"CommonSecurityLog"}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = Low
              status = New
              metadata_uid = i-2
              metadata_event_code = SecurityIncident
              metadata_sequence = 8
              metadata_labels = vip
              message = Odd
              finding_info_uid = i-2
              finding_info_title = Odd
              finding_info_created_time = 1772366400000
              unmapped = {"id":"/subscriptions/s1/providers/Microsoft.SecurityInsights/Incidents/i-2","type":"Microsoft.SecurityInsights/Incidents"}
        "#]],
    );
}

#[test]
fn tables_exported_as_csv_are_read_by_the_names_of_their_columns() {
    check(
        "TenantId,\"TimeGenerated [UTC]\",Type,Computer,Message\nw1,\"3/1/2026, 12:00:00.500 PM\",Custom_CL,web1,it runs\nw1,soon,Custom_CL,web1,it runs\n",
        expect![[r#"
            event_log_activity: Custom_CL at 2026-03-01T12:00:00.500Z
              status = Unknown
              log_name = Custom_CL
              metadata_log_name = Custom_CL
              metadata_event_code = Custom_CL
              message = it runs
              device_hostname = web1
              unmapped = {"TenantId":"w1"}
            reject: the field 'TimeGenerated [UTC]' is "soon", not a time
        "#]],
    );
}

#[test]
fn answers_of_the_query_api_are_read_by_the_names_of_their_columns() {
    let answer = r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"TenantId","type":"string"},{"name":"TimeGenerated","type":"datetime"},{"name":"Type","type":"string"},{"name":"Computer","type":"string"},{"name":"EventID","type":"int"},{"name":"Message","type":"string"}],"rows":[
["w1","2026-03-01T12:00:00.5Z","Custom_CL","web1",null,"it runs"],
["w1","2026-03-01T12:00:01Z","SecurityEvent","dc1",1102,null],
["w1","soon","Custom_CL","web1",null,"it runs"],
"no row",
["w1","2026-03-01T12:00:02Z","Custom_CL","web1",null,"it ends","beyond"]]}],"statistics":{"query":{"rows":[]}}}"#;
    check(
        answer,
        expect![[r#"
        event_log_activity: Custom_CL at 2026-03-01T12:00:00.500Z
          status = Unknown
          log_name = Custom_CL
          metadata_log_name = Custom_CL
          metadata_event_code = Custom_CL
          message = it runs
          device_hostname = web1
          unmapped = {"TenantId":"w1"}
        event_log_activity: Unknown at 2026-03-01T12:00:01.000Z
          metadata_event_code = 1102
          device_os_name = Windows
          device_os_type_id = 100
          device_hostname = dc1
          metadata_tenant_uid = w1
          unmapped = {"Type":"SecurityEvent"}
        event_log_activity: Custom_CL at 2026-03-01T12:00:02.000Z
          status = Unknown
          log_name = Custom_CL
          metadata_log_name = Custom_CL
          metadata_event_code = Custom_CL
          message = it ends
          device_hostname = web1
          unmapped = {"TenantId":"w1","column6":"beyond"}
        reject: the field TimeGenerated is "soon", not a time
        reject: not a row of a table: it is not a list of cells
    "#]],
    );
    let mut normalizer = Normalizer::new(source(), Options::default());
    let (batch, rest) = (normalizer.push(answer.as_bytes()), normalizer.finish());
    assert_eq!((batch.records(), rest.records()), (0, 5));
    let raw: serde_json::Value = serde_json::from_str(rest.events[0].1.get_text(Col::RawData).expect("a record")).expect("JSON");
    let expected = r#"{"TenantId":"w1","TimeGenerated":"2026-03-01T12:00:00.5Z","Type":"Custom_CL","Computer":"web1","Message":"it runs"}"#;
    let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
    assert_eq!(raw, expected, "the record is the row with its names");
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"TenantId":"w1","TimeGenerated":"2026-03-01T12:05:00Z","Type":"SecurityAlert","SystemAlertId":"a1","AlertType":"rule-1","AlertSeverity":"High","Status":"New","Entities":[{"Type":"ip","Address":"203.0.113.9"}]}"#,
    );
}
