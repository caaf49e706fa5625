use super::detect;
use crate::Source;

#[test]
fn an_object_without_records_is_told_by_the_name_that_the_vendor_gave_it() {
    let name = "s3://logs/AWSLogs/123456789012/CloudTrail/eu-central-1/2026/03/01/123456789012_CloudTrail_x.json.gz";
    assert_eq!(detect(br#"{"Records":[]}"#, name), Some(Source::AwsCloudtrail));
    let blob = "insights-logs-flowlogflowevent/flowLogResourceID=/SUB_NETWORKWATCHERRG/ALL/y=2026/m=03/d=01/h=12/m=00/PT1H.json";
    assert_eq!(detect(br#"{"records":[]}"#, blob), Some(Source::AzureNsgflow));
    assert_eq!(detect(b"", "AWSLogs/123456789012/vpcflowlogs/eu-central-1/2026/03/01/flow.log.gz"), Some(Source::AwsVpcflow));
}

#[test]
fn what_an_object_holds_counts_more_than_its_name() {
    let event = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","verb":"get","stage":"ResponseComplete"}"#;
    assert_eq!(detect(event, "exports/CloudTrail/audit.json"), Some(Source::K8sAudit));
}

#[test]
fn a_name_that_no_vendor_gives_tells_nothing() {
    assert_eq!(detect(b"hello", "CloudTrail"), None);
    assert_eq!(detect(b"hello", "notes/my-CloudTrail-copy/x.json"), None);
}
