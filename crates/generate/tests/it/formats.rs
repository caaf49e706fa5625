use std::collections::{BTreeMap, BTreeSet};

use coldtrail_generate::{Config, SourceKind};

use crate::support::{Record, monday, records, text, write};

/// Every record of one source, over a fortnight with the intrusion.
fn all(source: SourceKind, events: u64) -> Vec<Record> {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { sources: vec![source], ..Config::new(monday(), 14, events) };
    let summary = write(&config, folder.path());
    let mut all = Vec::new();
    for file in &summary.files {
        let records = records(source, &file.path, &text(folder.path(), &file.path));
        assert!(!records.is_empty(), "{} is empty", file.path);
        all.extend(records);
    }
    all
}

/// The values of a field, and how often each occurs.
fn values(records: &[Record], field: &str) -> BTreeMap<String, usize> {
    let mut values = BTreeMap::new();
    for value in records.iter().filter_map(|record| record.get(field)).flatten() {
        *values.entry(value.clone()).or_default() += 1;
    }
    values
}

fn check(records: &[Record], field: &str, expected: &[&str]) {
    let values = values(records, field);
    for value in expected {
        assert!(values.contains_key(*value), "{field} is never {value}: {values:?}");
    }
}

fn have(records: &[Record], fields: &[&str]) {
    for record in records {
        for field in fields {
            assert!(record.contains_key(*field), "no {field} in {record:?}");
        }
    }
}

#[test]
fn cloudtrail_has_every_kind_of_identity_and_unique_event_ids() {
    let records = all(SourceKind::AwsCloudtrail, 8000);
    have(
        &records,
        &["eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "eventID", "recipientAccountId", "userIdentity.type"],
    );
    check(&records, "userIdentity.type", &["AssumedRole", "AWSService", "IAMUser"]);
    check(&records, "eventCategory", &["Management", "Data"]);
    check(&records, "sourceIPAddress", &["ec2.amazonaws.com", "198.51.100.10"]);
    check(&records, "additionalEventData.MFAUsed", &["Yes", "No"]);
    check(&records, "errorCode", &["AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation"]);
    assert!(values(&records, "eventID").values().all(|count| *count == 1));
}

#[test]
fn flow_logs_have_both_formats_both_verdicts_and_empty_windows() {
    let records = all(SourceKind::AwsVpcflow, 12_000);
    check(&records, "version", &["2", "5"]);
    check(&records, "action", &["ACCEPT", "REJECT", "-"]);
    check(&records, "log-status", &["OK", "NODATA", "SKIPDATA"]);
    check(&records, "type", &["IPv4", "IPv6"]);
    check(&records, "flow-direction", &["ingress", "egress"]);
    for record in &records {
        let (start, end) = (record["start"][0].parse::<u64>(), record["end"][0].parse::<u64>());
        assert!(start.expect("seconds") <= end.expect("seconds"), "{record:?}");
        let is_ok = record["log-status"][0] == "OK";
        assert_eq!(is_ok, record["srcaddr"][0].parse::<std::net::IpAddr>().is_ok(), "{record:?}");
        assert_eq!(is_ok, record["bytes"][0].parse::<u64>().is_ok(), "{record:?}");
    }
}

#[test]
fn entra_has_its_three_categories_with_failures_and_second_factors() {
    let records = all(SourceKind::AzureEntra, 8000);
    have(&records, &["time", "category", "operationName", "correlationId", "callerIpAddress", "properties.id"]);
    check(&records, "category", &["SignInLogs", "NonInteractiveUserSignInLogs", "AuditLogs"]);
    check(&records, "resultType", &["0", "50126", "50074", "500121"]);
    check(&records, "properties.authenticationRequirement", &["multiFactorAuthentication", "singleFactorAuthentication"]);
    check(&records, "properties.conditionalAccessStatus", &["success", "failure", "notApplied"]);
    check(&records, "properties.riskLevelDuringSignIn", &["none", "low", "high"]);
}

#[test]
fn gcp_has_activity_and_data_access() {
    let records = all(SourceKind::GcpAudit, 3000);
    have(&records, &["insertId", "timestamp", "severity", "protoPayload.methodName", "protoPayload.authenticationInfo.principalEmail"]);
    check(
        &records,
        "logName",
        &[
            "projects/meridian-analytics/logs/cloudaudit.googleapis.com%2Factivity",
            "projects/meridian-analytics/logs/cloudaudit.googleapis.com%2Fdata_access",
        ],
    );
    check(&records, "severity", &["NOTICE", "INFO", "ERROR"]);
}

#[test]
fn kubernetes_has_people_nodes_and_service_accounts() {
    let records = all(SourceKind::K8sAudit, 4000);
    have(&records, &["auditID", "stage", "verb", "requestURI", "user.username", "responseStatus.code", "stageTimestamp"]);
    check(&records, "verb", &["get", "list", "watch", "create", "update", "patch", "delete"]);
    check(&records, "user.groups", &["system:nodes", "system:serviceaccounts", "meridian:engineers"]);
    check(&records, "responseStatus.code", &["200", "201", "101", "403"]);
}

#[test]
fn windows_has_every_event_that_hunters_ask_for() {
    let records = all(SourceKind::WindowsEvent, 14_000);
    have(&records, &["@timestamp", "event.code", "host.name", "winlog.channel", "winlog.computer_name", "winlog.record_id"]);
    let codes = [
        "4624", "4625", "4634", "4648", "4672", "4688", "4720", "4728", "4768", "4769", "4698", "1102", "7045", "1", "3", "10", "11", "13",
        "22", "4104",
    ];
    check(&records, "winlog.event_id", &codes);
    check(&records, "event.outcome", &["success", "failure"]);
}

#[test]
fn zeek_sessions_have_one_uid_in_conn_and_in_the_log_of_their_protocol() {
    let records = all(SourceKind::Zeek, 6000);
    check(&records, "#path", &["conn", "dns", "http", "ssl"]);
    let of = |log: &'static str| records.iter().filter(move |record| record["#path"][0] == log);
    let uids: BTreeMap<&str, &str> = of("conn").map(|record| (record["uid"][0].as_str(), record["id.orig_h"][0].as_str())).collect();
    assert_eq!(uids.len(), of("conn").count(), "a uid twice");
    let planted = ["meridian-sso-login.test", "metrics-relay.test"];
    for log in ["dns", "http", "ssl"] {
        for record in of(log) {
            let is_planted_lookup = log == "dns" && planted.iter().any(|domain| record["query"][0].ends_with(domain));
            assert!(is_planted_lookup || uids.get(record["uid"][0].as_str()) == Some(&record["id.orig_h"][0].as_str()), "{record:?}");
        }
    }
}

#[test]
fn a_person_is_the_same_in_every_source() {
    let has = |source: SourceKind, events, field: &str, value: &str| {
        let values = values(&all(source, events), field);
        assert!(values.contains_key(value), "{source}: {value} is not in {:?}", values.keys().collect::<BTreeSet<_>>());
    };
    let email = "amelia.novak@example.com";
    has(SourceKind::AzureEntra, 3000, "properties.userPrincipalName", email);
    has(SourceKind::GcpAudit, 6000, "protoPayload.authenticationInfo.principalEmail", email);
    has(SourceKind::K8sAudit, 6000, "user.username", email);
    has(SourceKind::WindowsEvent, 3000, "winlog.event_data.TargetUserName", "amelia.novak");
    let trail = all(SourceKind::AwsCloudtrail, 3000);
    assert!(values(&trail, "userIdentity.arn").keys().any(|arn| arn.ends_with("/amelia.novak@example.com")));
}
