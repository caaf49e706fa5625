//! Records of the unified audit log of Microsoft 365.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("o365_audit").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

#[test]
fn a_failed_sign_in_says_success_in_its_status_and_has_its_agent_in_a_list() {
    check(
        r#"{"CreationTime":"2026-03-01T12:00:00","Id":"i1","Operation":"UserLoginFailed","OrganizationId":"t1","RecordType":15,"ResultStatus":"Success","UserKey":"k1","UserType":0,"Version":1,"Workload":"AzureActiveDirectory","ClientIP":"203.0.113.9:8085","ObjectId":"app1","UserId":"mara@corp.example","AzureActiveDirectoryEventType":1,"ExtendedProperties":[{"Name":"ResultStatusDetail","Value":"Success"},{"Name":"UserAgent","Value":"Mozilla/5.0"},{"Name":"RequestType","Value":"SAS:EndAuth"}],"Actor":[{"ID":"o1","Type":0},{"ID":"mara@corp.example","Type":5}],"ErrorNumber":"50126","LogonError":"InvalidUserNameOrPassword","DeviceProperties":[{"Name":"OS","Value":"Windows 10"},{"Name":"IsCompliant","Value":"True"}]}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              status = Failure
              user_name = mara@corp.example
              user_email_addr = mara@corp.example
              user_domain = corp.example
              user_uid = o1
              service_uid = app1
              service_name = AzureActiveDirectory
              auth_protocol = SAS:EndAuth
              is_remote = true
              is_mfa = true
              metadata_product_feature_name = AzureActiveDirectory
              metadata_uid = i1
              metadata_event_code = UserLoginFailed
              metadata_log_name = AzureActiveDirectory
              metadata_log_version = 1
              metadata_tenant_uid = t1
              status_code = 50126
              status_detail = InvalidUserNameOrPassword
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_uid = k1
              actor_user_uid_alt = o1
              actor_user_type = Regular
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              src_endpoint_port = 8085
              src_endpoint_os_name = Windows 10
              http_request_user_agent = Mozilla/5.0
              device_os_name = Windows 10
              device_is_compliant = true
              unmapped = {"RecordType":15,"ResultStatus":"Success","AzureActiveDirectoryEventType":1,"ExtendedProperties":[{"Name":"ResultStatusDetail","Value":"Success"}],"Actor":[{"ID":"mara@corp.example","Type":5}]}
        "#]],
    );
}

#[test]
fn a_role_is_a_privilege_of_whom_it_was_given_to() {
    check(
        r#"{"CreationTime":"2026-03-01T12:00:00","Id":"i2","Operation":"Add member to role.","OrganizationId":"t1","RecordType":8,"ResultStatus":"Success","UserKey":"k1","UserType":2,"Version":1,"Workload":"AzureActiveDirectory","ObjectId":"eve@corp.example","UserId":"mara@corp.example","ModifiedProperties":[{"Name":"Role.ObjectID","NewValue":"r1","OldValue":""},{"Name":"Role.DisplayName","NewValue":"Global Administrator","OldValue":""}],"Actor":[{"ID":"mara@corp.example","Type":5},{"ID":"100","Type":3},{"ID":"User_a1","Type":2},{"ID":"a1","Type":2}],"Target":[{"ID":"User_b1","Type":2},{"ID":"b1","Type":2},{"ID":"User","Type":2},{"ID":"eve@corp.example","Type":5}]}"#,
        expect![[r#"
            user_access: Assign Privileges at 2026-03-01T12:00:00.000Z
              status = Success
              user_name = eve@corp.example
              privileges = Global Administrator
              resource_uid = r1
              resource_name = Global Administrator
              metadata_product_feature_name = AzureActiveDirectory
              metadata_uid = i2
              metadata_event_code = Add member to role.
              metadata_log_name = AzureActiveDirectory
              metadata_log_version = 1
              metadata_tenant_uid = t1
              status_code = Success
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_uid = k1
              actor_user_uid_alt = a1
              actor_user_type = Admin
              actor_user_type_id = 2
              user_email_addr = eve@corp.example
              user_uid = b1
              unmapped = {"RecordType":8,"ObjectId":"eve@corp.example","Actor":[{"ID":"mara@corp.example","Type":5},{"ID":"100","Type":3},{"ID":"User_a1","Type":2},{"Type":2}],"Target":[{"ID":"User_b1","Type":2},{"Type":2},{"ID":"User","Type":2}]}
        "#]],
    );
}

#[test]
fn search_unified_audit_log_writes_the_record_as_text() {
    check(
        r#"{"RecordType":"SharePointFileOperation","AuditData":"{\"CreationTime\":\"2026-03-01T12:00:00\",\"Id\":\"i3\",\"Operation\":\"FileDownloaded\",\"OrganizationId\":\"t1\",\"RecordType\":6,\"UserType\":0,\"Workload\":\"SharePoint\",\"ClientIP\":\"203.0.113.9\",\"UserId\":\"mara@corp.example\",\"ItemType\":\"File\",\"ObjectId\":\"https://x.example/a.pdf\",\"SourceFileName\":\"a.pdf\",\"SiteUrl\":\"https://x.example/\"}"}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = FileDownloaded
              api_service_name = SharePoint
              resources_uid = https://x.example/a.pdf
              resources_name = a.pdf
              resources_type = File
              resources_namespace = https://x.example/
              metadata_product_feature_name = SharePoint
              metadata_uid = i3
              metadata_event_code = FileDownloaded
              metadata_log_name = SharePoint
              metadata_tenant_uid = t1
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_type = Regular
              actor_user_type_id = 1
              src_endpoint_ip = 203.0.113.9
              unmapped = {"RecordType":6}
        "#]],
    );
}

#[test]
fn an_alert_is_about_whom_its_data_name() {
    check(
        r#"{"CreationTime":"2026-03-01T12:00:00","Id":"i4","Operation":"AlertTriggered","OrganizationId":"t1","RecordType":40,"ResultStatus":"Succeeded","UserKey":"SecurityComplianceAlerts","UserType":4,"Workload":"SecurityComplianceCenter","UserId":"SecurityComplianceAlerts","AlertId":"al1","Category":"ThreatManagement","Comments":"New alert","Data":"{\"f3u\":\"mara@corp.example\",\"ts\":\"2026-03-01T11:00:00Z\",\"ad\":\"Mail was reported\"}","Name":"Email reported","PolicyId":"p1","Severity":"High","Status":"Resolved"}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = High
              status = Resolved
              is_alert = true
              finding_info_uid = al1
              finding_info_title = Email reported
              finding_info_desc = Mail was reported
              finding_info_types = ThreatManagement
              finding_info_analytic_uid = p1
              finding_info_first_seen_time = 1772362800000
              message = New alert
              evidences_actor_user_name = mara@corp.example
              metadata_product_feature_name = SecurityComplianceCenter
              metadata_uid = i4
              metadata_event_code = AlertTriggered
              metadata_log_name = SecurityComplianceCenter
              metadata_tenant_uid = t1
              status_code = Succeeded
              unmapped = {"RecordType":40,"UserKey":"SecurityComplianceAlerts","UserType":4,"UserId":"SecurityComplianceAlerts"}
        "#]],
    );
}

#[test]
fn an_exchange_cmdlet_keeps_its_parameters() {
    check(
        r#"{"CreationTime":"2026-03-01T12:00:00","Id":"i5","Operation":"New-InboxRule","OrganizationId":"t1","RecordType":1,"ResultStatus":"True","UserKey":"k1","UserType":2,"Workload":"Exchange","ClientIP":"[2001:db8::1]:63070","ObjectId":"mara\\rule","UserId":"mara@corp.example","Parameters":[{"Name":"ForwardTo","Value":"eve@evil.example"}],"SessionId":"s1"}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = New-InboxRule
              api_service_name = Exchange
              api_request_data = [{"Name":"ForwardTo","Value":"eve@evil.example"}]
              resources_uid = mara\rule
              metadata_product_feature_name = Exchange
              metadata_uid = i5
              metadata_event_code = New-InboxRule
              metadata_log_name = Exchange
              metadata_tenant_uid = t1
              status_code = True
              actor_user_name = mara@corp.example
              actor_user_email_addr = mara@corp.example
              actor_user_domain = corp.example
              actor_user_uid = k1
              actor_user_type = Admin
              actor_user_type_id = 2
              actor_session_uid = s1
              src_endpoint_ip = 2001:db8::1
              src_endpoint_port = 63070
              unmapped = {"RecordType":1}
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(
        source(),
        r#"{"CreationTime":"2026-03-01T12:00:00","Id":"i1","Operation":"UserLoginFailed","OrganizationId":"t1","RecordType":15,"ResultStatus":"Success","UserKey":"k1","UserType":0,"Version":1,"Workload":"AzureActiveDirectory","ClientIP":"203.0.113.9:8085","ObjectId":"app1","UserId":"mara@corp.example","AzureActiveDirectoryEventType":1,"ExtendedProperties":[{"Name":"ResultStatusDetail","Value":"Success"},{"Name":"UserAgent","Value":"Mozilla/5.0"},{"Name":"RequestType","Value":"SAS:EndAuth"}],"Actor":[{"ID":"o1","Type":0},{"ID":"mara@corp.example","Type":5}],"ErrorNumber":"50126","LogonError":"InvalidUserNameOrPassword","DeviceProperties":[{"Name":"OS","Value":"Windows 10"},{"Name":"IsCompliant","Value":"True"}]}"#,
    );
}
