//! Findings in the AWS Security Finding Format.

use expect_test::{Expect, expect};

use crate::sources::testing::{check_odd_values, shown};
use crate::{Source, detect};

fn source() -> Source {
    Source::named("aws_securityhub").expect("a source that Coldtrail brings")
}

/// A record is told to be of this source, and becomes this.
fn check(input: &str, expected: Expect) {
    assert_eq!(detect(input.as_bytes(), ""), Some(source()));
    expected.assert_eq(&shown(source(), input.as_bytes()));
}

const CONTROL: &str = r#"{"SchemaVersion":"2018-10-08","Id":"arn:aws:securityhub:eu-west-1:123456789012:finding/f1","ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/securityhub","ProductName":"Security Hub","CompanyName":"AWS","Region":"eu-west-1","GeneratorId":"security-control/S3.1","AwsAccountId":"123456789012","Types":["Software and Configuration Checks/Industry and Regulatory Standards"],"FirstObservedAt":"2026-02-01T00:00:00Z","LastObservedAt":"2026-03-01T11:59:00Z","CreatedAt":"2026-02-01T00:00:00Z","UpdatedAt":"2026-03-01T12:00:00Z","Severity":{"Label":"MEDIUM","Normalized":40},"Title":"S3 is public","Description":"A bucket is public.","Remediation":{"Recommendation":{"Text":"Block it."}},"Compliance":{"Status":"FAILED","SecurityControlId":"S3.1","StatusReasons":[{"ReasonCode":"PUBLIC","Description":"The policy allows all."}]},"Workflow":{"Status":"NEW"},"RecordState":"ACTIVE","Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::pay","Region":"eu-west-1","Partition":"aws"}]}"#;

#[test]
fn a_control_that_failed_again_is_an_update_of_its_finding() {
    check(
        CONTROL,
        expect![[r#"
        detection_finding: Update at 2026-03-01T12:00:00.000Z
          severity = Medium
          status = New
          metadata_product_feature_name = Security Hub
          metadata_uid = arn:aws:securityhub:eu-west-1:123456789012:finding/f1
          metadata_event_code = Software and Configuration Checks/Industry and Regulatory Standards
          metadata_log_version = 2018-10-08
          cloud_account_uid = 123456789012
          cloud_region = eu-west-1
          message = S3 is public
          status_code = FAILED
          status_detail = The policy allows all.
          policy_uid = S3.1
          is_alert = false
          finding_info_uid = arn:aws:securityhub:eu-west-1:123456789012:finding/f1
          finding_info_title = S3 is public
          finding_info_desc = A bucket is public.
          finding_info_types = Software and Configuration Checks/Industry and Regulatory Standards
          finding_info_product_uid = arn:aws:securityhub:eu-west-1::product/aws/securityhub
          finding_info_analytic_uid = security-control/S3.1
          finding_info_analytic_type_id = 1
          finding_info_created_time = 1769904000000
          finding_info_modified_time = 1772366400000
          finding_info_first_seen_time = 1769904000000
          finding_info_last_seen_time = 1772366340000
          remediation_desc = Block it.
          resources_uid = arn:aws:s3:::pay
          resources_type = AwsS3Bucket
          resources_region = eu-west-1
          unmapped = {"Severity":{"Normalized":40},"Compliance":{"StatusReasons":[{"ReasonCode":"PUBLIC"}]},"RecordState":"ACTIVE","Resources":[{"Partition":"aws"}]}
    "#]],
    );
}

#[test]
fn eventbridge_brings_findings_within_its_detail() {
    check(
        r#"{"version":"0","source":"aws.securityhub","detail-type":"Security Hub Findings - Custom Action","detail":{"actionName":"look","findings":[{"SchemaVersion":"2018-10-08","Id":"g1","ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/guardduty","ProductName":"GuardDuty","CompanyName":"Amazon","GeneratorId":"d1","AwsAccountId":"123456789012","Types":["TTPs/Command and Control/Backdoor:EC2-C&CActivity.B"],"CreatedAt":"2026-03-01T12:00:00Z","UpdatedAt":"2026-03-01T12:00:00Z","Severity":{"Label":"HIGH"},"Title":"C2","Action":{"ActionType":"NETWORK_CONNECTION","NetworkConnectionAction":{"ConnectionDirection":"OUTBOUND","Blocked":true,"RemoteIpDetails":{"IpAddressV4":"203.0.113.9"},"RemotePortDetails":{"Port":4444}}},"Resources":[{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:eu-west-1:123456789012:instance/i-1","Details":{"AwsEc2Instance":{"IpV4Addresses":["10.0.0.4"],"VpcId":"vpc-1"}}},{"Type":"AwsIamAccessKey","Id":"AWS::IAM::AccessKey:AKIA1","Details":{"AwsIamAccessKey":{"PrincipalName":"mara","PrincipalId":"AIDA1"}}}],"RecordState":"ACTIVE","Workflow":{"Status":"NOTIFIED"}},{"SchemaVersion":"2018-10-08","Id":"g2","ProductArn":"p","GeneratorId":"d1","AwsAccountId":"123456789012","Types":["Unusual Behaviors"],"CreatedAt":"2026-03-01T12:00:00Z","UpdatedAt":"2026-03-02T12:00:00Z","Severity":{"Label":"LOW"},"RecordState":"ARCHIVED","Workflow":{"Status":"NEW"},"Action":{"AwsApiCallAction":{"Api":"Scan","ServiceName":"dynamodb.amazonaws.com","RemoteIpDetails":{"IpAddressV4":"198.51.100.7"}}}},{"SchemaVersion":"2018-10-08","Id":"g3","ProductArn":"p"}]}}"#,
        expect![[r#"
            detection_finding: Create at 2026-03-01T12:00:00.000Z
              severity = High
              status = In Progress
              metadata_product_feature_name = Security Hub
              metadata_uid = g1
              metadata_event_code = TTPs/Command and Control/Backdoor:EC2-C&CActivity.B
              metadata_log_version = 2018-10-08
              cloud_account_uid = 123456789012
              message = C2
              is_alert = true
              action = Denied
              action_id = 2
              disposition = Blocked
              disposition_id = 2
              finding_info_uid = g1
              finding_info_title = C2
              finding_info_types = TTPs/Command and Control/Backdoor:EC2-C&CActivity.B
              finding_info_product_uid = arn:aws:securityhub:eu-west-1::product/aws/guardduty
              finding_info_analytic_uid = d1
              finding_info_analytic_type_id = 1
              finding_info_created_time = 1772366400000
              finding_info_modified_time = 1772366400000
              evidences_dst_endpoint_ip = 203.0.113.9
              evidences_dst_endpoint_port = 4444
              evidences_actor_user_name = mara
              evidences_actor_user_uid = AIDA1
              device_instance_uid = i-1
              device_ip = 10.0.0.4
              device_vpc_uid = vpc-1
              resources_uid = arn:aws:ec2:eu-west-1:123456789012:instance/i-1
              resources_name = i-1
              resources_type = AwsEc2Instance
              resources = [{"uid":"arn:aws:ec2:eu-west-1:123456789012:instance/i-1","type":"AwsEc2Instance"},{"uid":"AWS::IAM::AccessKey:AKIA1","type":"AwsIamAccessKey"}]
              unmapped = {"Action":{"ActionType":"NETWORK_CONNECTION","NetworkConnectionAction":{"ConnectionDirection":"OUTBOUND"}},"RecordState":"ACTIVE"}
            detection_finding: Close at 2026-03-02T12:00:00.000Z
              severity = Low
              status = Archived
              metadata_product_feature_name = Security Hub
              metadata_uid = g2
              metadata_event_code = Unusual Behaviors
              metadata_log_version = 2018-10-08
              cloud_account_uid = 123456789012
              is_alert = true
              finding_info_uid = g2
              finding_info_types = Unusual Behaviors
              finding_info_product_uid = p
              finding_info_analytic_uid = d1
              finding_info_analytic_type_id = 1
              finding_info_created_time = 1772366400000
              finding_info_modified_time = 1772452800000
              evidences_src_endpoint_ip = 198.51.100.7
              evidences_api_operation = Scan
              evidences_api_service_name = dynamodb.amazonaws.com
              unmapped = {"Workflow":{"Status":"NEW"}}
            reject: the field UpdatedAt is missing
        "#]],
    );
}

#[test]
fn odd_values_never_lose_a_record() {
    check_odd_values(source(), CONTROL);
}
