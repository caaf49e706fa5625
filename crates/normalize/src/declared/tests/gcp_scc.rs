//! Notifications of Google Cloud's Security Command Center.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("gcp_scc").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

const GRANT: &str = r#"{"notificationConfigName":"organizations/1/notificationConfigs/all","finding":{"name":"organizations/1/sources/2/locations/global/findings/f1","parent":"organizations/1/sources/2","resourceName":"//cloudresourcemanager.googleapis.com/projects/77","state":"ACTIVE","category":"Persistence: IAM Anomalous Grant","externalUri":"https://console.cloud.google.com/f1","eventTime":"2026-03-01T12:00:00.250Z","createTime":"2026-03-01T12:00:03Z","severity":"HIGH","mute":"UNDEFINED","findingClass":"THREAT","parentDisplayName":"Event Threat Detection","description":"A role was given to somebody from outside.","nextSteps":"Take it back.","mitreAttack":{"primaryTactic":"PERSISTENCE","primaryTechniques":["CLOUD_ACCOUNTS","SOMETHING_NEW"]},"access":{"principalEmail":"mara@corp.example","callerIp":"203.0.113.9","serviceName":"cloudresourcemanager.googleapis.com","methodName":"SetIamPolicy"},"sourceProperties":{"detectionCategory":{"ruleName":"iam_anomalous_grant"}}},"resource":{"name":"//cloudresourcemanager.googleapis.com/projects/77","displayName":"pay-1","type":"google.cloud.resourcemanager.Project","cloudProvider":"GOOGLE_CLOUD_PLATFORM","location":"global","gcpMetadata":{"projectDisplayName":"pay-1","organization":"organizations/1"}}}"#;

#[test]
fn a_threat_names_who_did_it_and_the_technique() {
    check(
        GRANT,
        expect![[r#"
        detection_finding: Create at 2026-03-01T12:00:00.250Z
          severity = High
          status = New
          metadata_product_feature_name = Event Threat Detection
          metadata_uid = organizations/1/sources/2/locations/global/findings/f1
          metadata_event_code = Persistence: IAM Anomalous Grant
          metadata_log_name = organizations/1/notificationConfigs/all
          metadata_labels = THREAT
          cloud_org_uid = 1
          cloud_project_uid = pay-1
          cloud_region = global
          status_code = ACTIVE
          message = A role was given to somebody from outside.
          is_alert = true
          finding_info_uid = organizations/1/sources/2/locations/global/findings/f1
          finding_info_title = Persistence: IAM Anomalous Grant
          finding_info_desc = A role was given to somebody from outside.
          finding_info_types = THREAT
          finding_info_product_uid = organizations/1/sources/2
          finding_info_src_url = https://console.cloud.google.com/f1
          finding_info_analytic_name = iam_anomalous_grant
          finding_info_analytic_type_id = 1
          finding_info_created_time = 1772366403000
          finding_info_last_seen_time = 1772366400250
          remediation_desc = Take it back.
          attacks_technique_uid = T1078.004
          evidences_src_endpoint_ip = 203.0.113.9
          evidences_actor_user_name = mara@corp.example
          evidences_api_operation = SetIamPolicy
          evidences_api_service_name = cloudresourcemanager.googleapis.com
          resources_uid = //cloudresourcemanager.googleapis.com/projects/77
          resources_name = pay-1
          resources_type = google.cloud.resourcemanager.Project
          resources_region = global
          unmapped = {"finding":{"mute":"UNDEFINED","mitreAttack":{"primaryTactic":"PERSISTENCE","primaryTechniques":["SOMETHING_NEW"]}},"resource":{"name":"//cloudresourcemanager.googleapis.com/projects/77"}}
    "#]],
    );
}

#[test]
fn a_finding_of_the_list_is_closed_or_muted() {
    check(
        r#"{"listFindingsResults":[{"finding":{"name":"organizations/1/sources/2/findings/f2","resourceName":"//compute.googleapis.com/projects/pay-1/zones/europe-west1-b/instances/web","state":"INACTIVE","category":"Malware: Bad IP","eventTime":"2026-03-01T12:00:00Z","severity":"LOW","findingClass":"THREAT","connections":[{"sourceIp":"10.0.0.3","sourcePort":50000,"destinationIp":"203.0.113.9","destinationPort":443,"protocol":"TCP"}],"processes":[{"binary":{"path":"/tmp/miner"}}]}},{"finding":{"name":"f3","resourceName":"r","state":"ACTIVE","mute":"MUTED","category":"OPEN_FIREWALL","eventTime":"2026-03-01T12:00:00Z","findingClass":"MISCONFIGURATION","severity":"SEVERITY_UNSPECIFIED"}},{"finding":{"name":"f4","category":"OPEN_FIREWALL"}}]}"#,
        expect![[r#"
            detection_finding: Close at 2026-03-01T12:00:00.000Z
              severity = Low
              status = Resolved
              metadata_uid = organizations/1/sources/2/findings/f2
              metadata_event_code = Malware: Bad IP
              metadata_labels = THREAT
              cloud_org_uid = 1
              cloud_project_uid = pay-1
              status_code = INACTIVE
              is_alert = true
              finding_info_uid = organizations/1/sources/2/findings/f2
              finding_info_title = Malware: Bad IP
              finding_info_types = THREAT
              finding_info_last_seen_time = 1772366400000
              evidences_src_endpoint_ip = 10.0.0.3
              evidences_src_endpoint_port = 50000
              evidences_dst_endpoint_ip = 203.0.113.9
              evidences_dst_endpoint_port = 443
              evidences_process_name = miner
              evidences_process_file_path = /tmp/miner
              resources_uid = //compute.googleapis.com/projects/pay-1/zones/europe-west1-b/instances/web
              resources_name = web
              unmapped = {"finding":{"connections":[{"protocol":"TCP"}]}}
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              status = Suppressed
              metadata_uid = f3
              metadata_event_code = OPEN_FIREWALL
              metadata_labels = MISCONFIGURATION
              status_code = ACTIVE
              is_alert = false
              finding_info_uid = f3
              finding_info_title = OPEN_FIREWALL
              finding_info_types = MISCONFIGURATION
              finding_info_last_seen_time = 1772366400000
              resources_uid = r
              resources_name = r
              unmapped = {"finding":{"severity":"SEVERITY_UNSPECIFIED"}}
            reject: the field finding.eventTime is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(source(), GRANT);
}
