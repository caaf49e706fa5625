use expect_test::{Expect, expect};

use crate::Source;
use crate::sources::testing::shown;

fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(Source::AwsS3Access, input.as_bytes()));
}

#[test]
fn lines_and_json_say_who_did_what_to_which_object() {
    check(
        "79a59df9 awsexamplebucket [06/Feb/2026:00:00:38 +0000] 192.0.2.3 arn:aws:iam::123456789012:user/ann 3E57427F3 REST.GET.OBJECT a/b.txt \"GET /awsexamplebucket/a/b.txt HTTP/1.1\" 403 AccessDenied 113 - 7 - \"-\" \"S3Console/0.4\" - s9lzHY= SigV4 ECDHE AuthHeader awsexamplebucket.s3.amazonaws.com TLSV1.2 - - us-east-1\n\
         79a59df9 awsexamplebucket [06/Feb/2026:00:00:38 +0000] - - 3E57427F4 S3.EXPIRE.OBJECT a%20b - - - - 7 - - - - - - - - - - -\n",
        expect![[r#"
            datastore_activity: Read at 2026-02-06T00:00:38.000Z
              metadata_product_feature_name = Server Access Logs
              metadata_event_code = REST.GET.OBJECT
              api_operation = REST.GET.OBJECT
              api_service_name = s3.amazonaws.com
              type_id = 2
              type = Databucket
              databucket_type_id = 1
              http_request_http_method = GET
              http_request_url_url_string = /awsexamplebucket/a/b.txt
              http_response_code = 403
              api_response_code = 403
              status = Failure
              status_code = AccessDenied
              api_response_error = AccessDenied
              src_endpoint_ip = 192.0.2.3
              actor_user_account_uid = 123456789012
              actor_user_name = ann
              actor_user_uid = arn:aws:iam::123456789012:user/ann
              databucket_name = awsexamplebucket
              databucket_file_path = a/b.txt
              api_request_uid = 3E57427F3
              http_request_user_agent = S3Console/0.4
              duration = 7
              databucket_file_name = b.txt
              unmapped = {"bucketowner":"79a59df9","bytessent":"113","hostid":"s9lzHY=","signatureversion":"SigV4","ciphersuite":"ECDHE","authenticationtype":"AuthHeader","hostheader":"awsexamplebucket.s3.amazonaws.com","tlsversion":"TLSV1.2","more":["us-east-1"]}
            datastore_activity: Delete at 2026-02-06T00:00:38.000Z
              metadata_product_feature_name = Server Access Logs
              metadata_event_code = S3.EXPIRE.OBJECT
              api_operation = S3.EXPIRE.OBJECT
              api_service_name = s3.amazonaws.com
              type_id = 2
              type = Databucket
              databucket_type_id = 1
              databucket_name = awsexamplebucket
              databucket_file_path = a%20b
              api_request_uid = 3E57427F4
              databucket_file_name = a%20b
              unmapped = {"bucketowner":"79a59df9","objectsize":"7"}
        "#]],
    );
    check(
        r#"{"bucket":"b","time":"2026-03-01 10:20:30.000","remoteip":"192.0.2.3","operation":"REST.PUT.OBJECT","httpstatus":200,"tlsVersion":"TLSv1.2"}"#,
        expect![[r#"
            datastore_activity: Write at 2026-03-01T10:20:30.000Z
              metadata_product_feature_name = Server Access Logs
              metadata_event_code = REST.PUT.OBJECT
              api_operation = REST.PUT.OBJECT
              api_service_name = s3.amazonaws.com
              type_id = 2
              type = Databucket
              databucket_type_id = 1
              http_response_code = 200
              api_response_code = 200
              status = Success
              src_endpoint_ip = 192.0.2.3
              databucket_name = b
              unmapped = {"tlsversion":"TLSv1.2"}
        "#]],
    );
}
