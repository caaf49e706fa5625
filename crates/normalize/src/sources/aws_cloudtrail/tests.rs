use expect_test::{Expect, expect};

use crate::Source;
use crate::detect;
use crate::sources::testing::{check_odd_values, shown};

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsCloudtrail, input.as_bytes()));
}

#[test]
fn a_call_of_a_role_session_is_an_api_activity_with_its_actor_session_and_resource() {
    check(
        r#"{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:mara@corp.example",
            "arn":"arn:aws:sts::210987654321:assumed-role/ops/mara@corp.example","accountId":"210987654321","accessKeyId":"ASIAEXAMPLE",
            "sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::210987654321:role/ops","userName":"ops"},
            "attributes":{"creationDate":"2026-03-01T11:00:00Z","mfaAuthenticated":"false"}},"invokedBy":"cloudformation.amazonaws.com"},
            "eventTime":"2026-03-01T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","awsRegion":"eu-west-1",
            "sourceIPAddress":"192.0.2.7","userAgent":"aws-cli/2.15","requestParameters":{"bucketName":"pay-slips","policy":{"Version":"1"}},
            "responseElements":null,"requestID":"R1","eventID":"E1","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,
            "recipientAccountId":"210987654321","eventCategory":"Management","vpcEndpointId":"vpce-1","sharedEventID":"S1",
            "tlsDetails":{"tlsVersion":"TLSv1.3","clientProvidedHostHeader":"pay-slips.s3.amazonaws.com"}}]}"#,
        expect![[r#"
            api_activity: Update at 2026-03-01T12:00:00.000Z
              metadata_product_version = 1.11
              metadata_product_feature_name = Management
              metadata_event_code = AwsApiCall
              metadata_uid = E1
              metadata_correlation_uid = S1
              cloud_region = eu-west-1
              cloud_account_uid = 210987654321
              actor_user_type = AssumedRole
              actor_user_type_id = 99
              actor_user_name = mara@corp.example
              actor_user_uid = arn:aws:sts::210987654321:assumed-role/ops/mara@corp.example
              actor_user_uid_alt = AROAEXAMPLE:mara@corp.example
              actor_user_account_uid = 210987654321
              actor_user_credential_uid = ASIAEXAMPLE
              actor_invoked_by = cloudformation.amazonaws.com
              actor_session_issuer = arn:aws:iam::210987654321:role/ops
              actor_session_is_mfa = false
              actor_session_created_time = 1772362800000
              src_endpoint_ip = 192.0.2.7
              src_endpoint_uid = vpce-1
              http_request_user_agent = aws-cli/2.15
              dst_endpoint_hostname = pay-slips.s3.amazonaws.com
              status = Success
              resources_uid = arn:aws:s3:::pay-slips
              resources_name = pay-slips
              resources_type = AWS::S3::Bucket
              api_operation = PutBucketPolicy
              api_service_name = s3.amazonaws.com
              api_request_uid = R1
              api_request_data = {"bucketName":"pay-slips","policy":{"Version":"1"}}
              unmapped = {"userIdentity":{"sessionContext":{"sessionIssuer":{"type":"Role","userName":"ops"}}},"readOnly":false,"managementEvent":true,"tlsDetails":{"tlsVersion":"TLSv1.3"}}
        "#]],
    );
}

#[test]
fn an_error_code_makes_a_failure_and_listed_resources_win_over_parameters() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","sourceIPAddress":"AWS Internal",
            "errorCode":"AccessDenied","errorMessage":"no","additionalEventData":{"bytesTransferredIn":0.0,"bytesTransferredOut":243.0,"x-amz-id-2":"z"},"requestParameters":{"bucketName":"b","key":"k"},
            "resources":[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::b/"},{"type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::b","accountId":"1"}]}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              src_endpoint_svc_name = AWS Internal
              http_request_body_length = 0
              http_response_body_length = 243
              status = Failure
              api_response_error = AccessDenied
              status_code = AccessDenied
              api_response_message = no
              status_detail = no
              resources = [{"uid":"arn:aws:s3:::b","name":"b","type":"AWS::S3::Bucket","owner":{"account":{"uid":"1"}}},{"uid":"arn:aws:s3:::b/","name":"b/","type":"AWS::S3::Object"}]
              resources_uid = arn:aws:s3:::b
              resources_name = b
              resources_type = AWS::S3::Bucket
              resources_owner_account_uid = 1
              api_operation = GetObject
              api_service_name = s3.amazonaws.com
              api_request_data = {"bucketName":"b","key":"k"}
              unmapped = {"additionalEventData":{"x-amz-id-2":"z"}}
        "#]],
    );
}

#[test]
fn a_console_login_without_mfa_is_an_authentication_event_of_that_user() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","sourceIPAddress":"198.51.100.4",
            "userIdentity":{"type":"IAMUser","userName":"mara","arn":"arn:aws:iam::210987654321:user/mara","principalId":"AIDAEXAMPLE","accountId":"210987654321"},
            "responseElements":{"ConsoleLogin":"Failure"},"errorMessage":"Failed authentication",
            "additionalEventData":{"MFAUsed":"No","LoginTo":"https://console.aws.amazon.com/","MobileVersion":"No"}}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              cloud_account_uid = 210987654321
              actor_user_type = IAMUser
              actor_user_type_id = 1
              actor_user_name = mara
              actor_user_uid = arn:aws:iam::210987654321:user/mara
              actor_user_uid_alt = AIDAEXAMPLE
              actor_user_account_uid = 210987654321
              src_endpoint_ip = 198.51.100.4
              status = Failure
              api_response_message = Failed authentication
              status_detail = Failed authentication
              user_name = mara
              user_uid = arn:aws:iam::210987654321:user/mara
              user_uid_alt = AIDAEXAMPLE
              user_type = IAMUser
              user_account_uid = 210987654321
              service_name = signin.amazonaws.com
              dst_endpoint_svc_name = https://console.aws.amazon.com/
              is_mfa = false
              api_operation = ConsoleLogin
              api_service_name = signin.amazonaws.com
              api_response_data = {"ConsoleLogin":"Failure"}
              unmapped = {"additionalEventData":{"MobileVersion":"No"}}
        "#]],
    );
}

#[test]
fn an_assumed_role_names_the_role_and_the_key_that_its_calls_will_carry() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","sourceIPAddress":"lambda.amazonaws.com",
            "userIdentity":{"type":"AWSService","invokedBy":"lambda.amazonaws.com"},
            "requestParameters":{"roleArn":"arn:aws:iam::210987654321:role/ops","roleSessionName":"job","serialNumber":"arn:aws:iam::210987654321:mfa/mara"},
            "responseElements":{"credentials":{"accessKeyId":"ASIANEW"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE:job","arn":"arn:aws:sts::210987654321:assumed-role/ops/job"}},
            "resources":[{"ARN":"arn:aws:iam::210987654321:role/ops","accountId":"210987654321","type":"AWS::IAM::Role"}]}"#,
        expect![[r#"
            authentication: Logon at 2026-03-01T12:00:00.000Z
              actor_user_type = AWSService
              actor_user_type_id = 3
              actor_invoked_by = lambda.amazonaws.com
              src_endpoint_domain = lambda.amazonaws.com
              src_endpoint_svc_name = lambda.amazonaws.com
              status = Success
              user_type = Role
              user_uid = arn:aws:iam::210987654321:role/ops
              user_uid_alt = AROAEXAMPLE:job
              user_name = job
              user_credential_uid = ASIANEW
              service_name = sts.amazonaws.com
              is_mfa = true
              api_operation = AssumeRole
              api_service_name = sts.amazonaws.com
              api_request_data = {"roleArn":"arn:aws:iam::210987654321:role/ops","roleSessionName":"job","serialNumber":"arn:aws:iam::210987654321:mfa/mara"}
              api_response_data = {"credentials":{"accessKeyId":"ASIANEW"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE:job","arn":"arn:aws:sts::210987654321:assumed-role/ops/job"}}
              unmapped = {"resources":[{"ARN":"arn:aws:iam::210987654321:role/ops","accountId":"210987654321","type":"AWS::IAM::Role"}]}
        "#]],
    );
}

#[test]
fn a_new_access_key_is_an_account_change_of_its_owner() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateAccessKey",
            "userIdentity":{"type":"Root","arn":"arn:aws:iam::210987654321:root","principalId":"210987654321"},
            "requestParameters":{"userName":"backup"},"responseElements":{"accessKey":{"userName":"backup","accessKeyId":"AKIANEW","status":"Active"}}}"#,
        expect![[r#"
            account_change: CreateAccessKey at 2026-03-01T12:00:00.000Z
              actor_user_type = Root
              actor_user_type_id = 2
              actor_user_name = root
              actor_user_uid = arn:aws:iam::210987654321:root
              actor_user_uid_alt = 210987654321
              status = Success
              user_name = backup
              user_type = User
              user_credential_uid = AKIANEW
              api_operation = CreateAccessKey
              api_service_name = iam.amazonaws.com
              api_request_data = {"userName":"backup"}
              api_response_data = {"accessKey":{"userName":"backup","accessKeyId":"AKIANEW","status":"Active"}}
        "#]],
    );
}

#[test]
fn a_password_that_a_user_changes_alone_is_a_change_of_that_user() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"iam.amazonaws.com","eventName":"ChangePassword","requestParameters":null,
            "userIdentity":{"type":"IAMUser","userName":"mara","arn":"arn:aws:iam::210987654321:user/mara"}}"#,
        expect![[r#"
            account_change: Password Change at 2026-03-01T12:00:00.000Z
              actor_user_type = IAMUser
              actor_user_type_id = 1
              actor_user_name = mara
              actor_user_uid = arn:aws:iam::210987654321:user/mara
              status = Success
              user_name = mara
              user_uid = arn:aws:iam::210987654321:user/mara
              user_type = IAMUser
              api_operation = ChangePassword
              api_service_name = iam.amazonaws.com
        "#]],
    );
}

#[test]
fn a_policy_given_to_a_user_and_a_user_put_in_a_group_name_both_sides() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy",
            "requestParameters":{"userName":"backup","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}}
           {"eventTime":"2026-03-01T12:00:01Z","eventSource":"iam.amazonaws.com","eventName":"AddUserToGroup",
            "requestParameters":{"userName":"backup","groupName":"admins"}}"#,
        expect![[r#"
            account_change: Attach Policy at 2026-03-01T12:00:00.000Z
              status = Success
              user_name = backup
              user_type = User
              policy_uid = arn:aws:iam::aws:policy/AdministratorAccess
              policy_name = AdministratorAccess
              api_operation = AttachUserPolicy
              api_service_name = iam.amazonaws.com
              api_request_data = {"userName":"backup","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}
            group_management: Add User at 2026-03-01T12:00:01.000Z
              status = Success
              group_name = admins
              user_name = backup
              user_type = User
              api_operation = AddUserToGroup
              api_service_name = iam.amazonaws.com
              api_request_data = {"userName":"backup","groupName":"admins"}
        "#]],
    );
}

#[test]
fn started_instances_are_all_resources() {
    check(
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances",
            "requestParameters":{"instanceType":"p4d.24xlarge"},
            "responseElements":{"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}}"#,
        expect![[r#"
            api_activity: Create at 2026-03-01T12:00:00.000Z
              status = Success
              resources = [{"uid":"i-1","name":"i-1","type":"AWS::EC2::Instance"},{"uid":"i-2","name":"i-2","type":"AWS::EC2::Instance"}]
              resources_uid = i-1
              resources_name = i-1
              resources_type = AWS::EC2::Instance
              api_operation = RunInstances
              api_service_name = ec2.amazonaws.com
              api_request_data = {"instanceType":"p4d.24xlarge"}
              api_response_data = {"instancesSet":{"items":[{"instanceId":"i-1"},{"instanceId":"i-2"}]}}
        "#]],
    );
}

#[test]
fn an_insight_is_an_event_though_it_has_no_event_name_of_its_own() {
    check(
        r#"{"eventVersion":"1.07","eventTime":"2026-03-01T12:00:00Z","eventType":"AwsCloudTrailInsight","sharedEventID":"S1",
            "insightDetails":{"state":"Start","eventSource":"ssm.amazonaws.com","eventName":"GetParameter","insightType":"ApiCallRateInsight"}}"#,
        expect![[r#"
            api_activity: Other at 2026-03-01T12:00:00.000Z
              metadata_product_version = 1.07
              metadata_event_code = AwsCloudTrailInsight
              metadata_correlation_uid = S1
              status = Success
              api_operation = GetParameter
              api_service_name = ssm.amazonaws.com
              unmapped = {"insightDetails":{"state":"Start","insightType":"ApiCallRateInsight"}}
        "#]],
    );
}

#[test]
fn records_inside_envelopes_are_read_and_the_envelopes_kept() {
    check(
        r#"{"messageType":"DATA_MESSAGE","owner":"1","logEvents":[{"id":"3","timestamp":1,"message":
            "{\"eventTime\":\"2026-03-01T12:00:00Z\",\"eventSource\":\"kms.amazonaws.com\",\"eventName\":\"Decrypt\",\"readOnly\":true}"}]}
           {"id":"x","detail-type":"AWS API Call via CloudTrail","detail":{"eventVersion":"1.11","eventTime":"2026-03-01T12:00:01Z",
            "eventSource":"ec2.amazonaws.com","eventName":"StopInstances"}}
           {"Events":[{"EventId":"E9","CloudTrailEvent":"{\"eventTime\":\"2026-03-01T12:00:02Z\",\"eventName\":\"ListKeys\",\"eventSource\":\"kms.amazonaws.com\"}"}]}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              status = Success
              api_operation = Decrypt
              api_service_name = kms.amazonaws.com
              unmapped = {"readOnly":true,"id":"3","timestamp":1}
            api_activity: Update at 2026-03-01T12:00:01.000Z
              metadata_product_version = 1.11
              status = Success
              api_operation = StopInstances
              api_service_name = ec2.amazonaws.com
              unmapped = {"id":"x","detail-type":"AWS API Call via CloudTrail"}
            api_activity: Read at 2026-03-01T12:00:02.000Z
              status = Success
              api_operation = ListKeys
              api_service_name = kms.amazonaws.com
              unmapped = {"EventId":"E9"}
        "#]],
    );
}

#[test]
fn what_has_no_time_or_is_something_else_is_a_reject_with_its_reason() {
    check(
        r#"{"eventSource":"iam.amazonaws.com","eventName":"ListUsers"}
           {"eventTime":"yesterday","eventName":"ListUsers"}
           {"a":1}
           [{"eventTime":"2026-03-01T12:00:00Z","eventName":{"odd":[]},"eventSource":7,"userIdentity":"me","resources":[1],"requestParameters":"x","sourceIPAddress":""}]
           {"message":"{cut"}"#,
        expect![[r#"
            api_activity: Other at 2026-03-01T12:00:00.000Z
              status = Success
              api_service_name = 7
              api_request_data = "x"
              unmapped = {"userIdentity":"me","resources":[1]}
            reject: the field eventTime is missing
            reject: the field eventTime is "yesterday", not an RFC 3339 time
            reject: the field eventName is missing
            reject: not JSON: message: key must be a string at line 1 column 2
        "#]],
    );
}

#[test]
fn an_object_is_recognised_by_its_first_record() {
    let record = r#"{"eventVersion":"1.11","eventSource":"iam.amazonaws.com","eventName":"ListUsers"}"#;
    assert_eq!(detect(format!(r#"{{"Records":[{record}]}}"#).as_bytes(), "x.json"), Some(Source::AwsCloudtrail));
    assert_eq!(detect(format!(r#"{{"detail":{record}}}"#).as_bytes(), "x.json"), Some(Source::AwsCloudtrail));
    assert_eq!(detect(br#"{"Events":[{"CloudTrailEvent":"{}"}]}"#, "x.json"), Some(Source::AwsCloudtrail));
    assert_eq!(detect(br#"{"eventName":"x"}"#, "x.json"), None);
}

#[test]
fn an_odd_value_in_any_place_costs_no_more_than_its_record() {
    check_odd_values(
        Source::AwsCloudtrail,
        r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"A:m","arn":"arn:aws:sts::1:assumed-role/ops/m","accountId":"1","accessKeyId":"K","sessionContext":{"sessionIssuer":{"arn":"r"},"attributes":{"creationDate":"2026-03-01T11:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-03-01T12:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","sourceIPAddress":"192.0.2.7","requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"}]}},"resources":[{"ARN":"arn:aws:s3:::b","type":"t","accountId":"1"}],"additionalEventData":{"bytesTransferredOut":1},"tlsDetails":{"clientProvidedHostHeader":"h"}}"#,
    );
    check_odd_values(
        Source::AwsCloudtrail,
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","requestParameters":{"roleArn":"r","roleSessionName":"s","serialNumber":"n"},"responseElements":{"credentials":{"accessKeyId":"K"},"assumedRoleUser":{"arn":"a","assumedRoleId":"i"}},"additionalEventData":{"MFAUsed":"Yes"}}"#,
    );
    check_odd_values(
        Source::AwsCloudtrail,
        r#"{"eventTime":"2026-03-01T12:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AddUserToGroup","requestParameters":{"userName":"u","groupName":"g","policyArn":"p"}}"#,
    );
}

#[test]
fn a_record_that_a_lake_spells_in_small_letters_is_read() {
    check(
        r#"{"eventversion":"1.11","eventtime":"2026-03-01 12:00:00","eventsource":"iam.amazonaws.com","eventname":"ListUsers","awsregion":"us-east-1","eventid":"e1","useridentity":{"arn":"arn:aws:iam::123456789012:user/ada"}}"#,
        expect![[r#"
            api_activity: Read at 2026-03-01T12:00:00.000Z
              metadata_product_version = 1.11
              metadata_uid = e1
              cloud_region = us-east-1
              actor_user_uid = arn:aws:iam::123456789012:user/ada
              status = Success
              api_operation = ListUsers
              api_service_name = iam.amazonaws.com
        "#]],
    );
}
